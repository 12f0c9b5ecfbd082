// Before anything is drawn: a phone that lay untouched for three minutes and has a PIN begins covered (phone.js uncovers).
try {
  if (localStorage.getItem("pin") && (localStorage.getItem("covered") || Math.abs(Date.now() - Number(localStorage.getItem("seen"))) > 180000))
    document.documentElement.classList.add("covered");
} catch { /* no storage, no PIN */ }
