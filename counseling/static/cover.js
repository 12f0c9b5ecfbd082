// Before anything is drawn: what is shown by script has its place, the first day has its cards, and a phone that has a PIN
// and lay untouched for three minutes begins covered (phone.js uncovers).
document.documentElement.classList.add("js");
try {
  if (localStorage.getItem("out")) document.documentElement.hidden = true; // signed out, and the server does not know yet
  const isBeforeSigningIn = location.search === "?kept="; // the kept list, for whoever has the PIN
  if (isBeforeSigningIn && !localStorage.getItem("pin")) location.replace(location.pathname);
  if (localStorage.getItem("pin") && (isBeforeSigningIn || localStorage.getItem("covered") || Math.abs(Date.now() - Number(localStorage.getItem("seen"))) > 180000))
    document.documentElement.classList.add("covered");
  if (!localStorage.getItem("toured")) document.documentElement.classList.add("first-day");
} catch { /* no storage, no PIN */ }
