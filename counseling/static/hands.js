// A station's device, shared by hands: the screen locks when nobody touches it, and its windows know of each other.
// Loaded on enrolled devices only. What is kept in the browser are two numbers of the session and an instant, nothing else.
(() => {
  "use strict";
  const LOOK_MS = 1000, ASK_AGAIN_MS = 2000, NOTE_EVERY_MS = 2000;
  const body = document.body;
  const cover = document.getElementById("lock");
  let own = body.dataset.hands || ""; // who and which session; "" on the page that asks who is working
  let covered = "", noted = 0, title = "", focused = null, asking = 0, sending = false;

  // A browser may forbid it: then each window is alone.
  const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* alone */ } };
  const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const person = (hands) => hands.split("/")[0];

  // ---- the page "who is working?": number keys; and six digits send themselves ----
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
    document.querySelector(`[data-key="${CSS.escape(event.key)}"]`)?.click();
  });
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (field.dataset.sendsAt && field.value.trim().length >= Number(field.dataset.sendsAt)) field.form.requestSubmit();
  });
  // Other windows learn who is working, or that nobody is.
  if (own || document.querySelector("[data-hands-page]")) keep("hands", own);
  if (!cover) return;

  // ---- covering: hidden from the eye and from screen readers; nothing typed is touched ----
  const others = () => [...body.children].filter((part) => part !== cover && part.tagName !== "SCRIPT");
  function show(kind) {
    const heading = document.getElementById("lock-title");
    heading.textContent = heading.dataset[kind];
    for (const part of cover.querySelectorAll("[data-of-other]")) part.hidden = kind !== "other";
    cover.querySelector("[data-to-others]").hidden = kind === "other";
    cover.querySelector("[data-form]").replaceChildren();
    if (!covered) {
      focused = document.activeElement;
      title = document.title;
      document.title = heading.textContent;
      for (const part of others()) {
        if (part.hidden) part.dataset.wasHidden = "";
        part.hidden = part.inert = true;
      }
      cover.hidden = false;
    }
    covered = kind;
    heading.focus();
  }
  function uncover() {
    if (!covered) return;
    covered = "";
    clearTimeout(asking);
    cover.hidden = true;
    cover.querySelector("[data-form]").replaceChildren();
    for (const part of others()) {
      part.inert = false;
      part.hidden = "wasHidden" in part.dataset;
      delete part.dataset.wasHidden;
    }
    document.title = title;
    focused?.focus?.();
    note();
  }
  const token = () => document.querySelector("[name=csrf_token]").value;
  const leave = () => location.replace(`/hands?next=${encodeURIComponent(location.pathname + location.search)}`);
  const post = (url, fields) =>
    fetch(url, { method: "POST", body: new URLSearchParams(fields), redirect: "error", headers: { "HX-Request": "true" } });

  function fill(html) {
    const place = cover.querySelector("[data-form]");
    place.innerHTML = html;
    place.querySelector("form").noValidate = true;
    place.querySelector("[data-autofocus]")?.focus();
  }
  // Covered at once; the server is told as soon as it can be reached, and gives the form that uncovers.
  async function lock() {
    show("locked");
    keep("hands", "");
    await ask();
  }
  async function ask() {
    const offline = cover.querySelector("[data-offline]");
    try {
      const answer = await post("/lock", { csrf_token: token() });
      offline.hidden = true;
      if (covered !== "locked") return;
      if (answer.ok) fill(await answer.text());
      else leave();
    } catch {
      offline.hidden = false;
      asking = setTimeout(ask, ASK_AGAIN_MS);
    }
  }
  cover.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (sending) return;
    sending = true;
    try {
      const answer = await post(event.target.action, Object.fromEntries(new FormData(event.target)));
      if (answer.status === 204) {
        keep("hands", own);
        uncover();
      } else if (answer.status === 422) fill(await answer.text());
      else leave();
      cover.querySelector("[data-offline]").hidden = true;
    } catch {
      cover.querySelector("[data-offline]").hidden = false;
    }
    sending = false;
  }, true);
  // Keys of the page beneath are not its keys now.
  window.addEventListener("keydown", (event) => covered && event.stopPropagation(), true);
  // While covered the list beneath asks for nothing: its answer would be a way out of this page.
  document.addEventListener("htmx:before:request", (event) => covered && event.preventDefault());

  // ---- other windows of this browser ----
  async function back(hands) {
    // The same person with a new session: the forms of this page get its token, so that what was typed can be sent.
    const page = await (await fetch("/account/sessions")).text();
    const fresh = new DOMParser().parseFromString(page, "text/html").querySelector("[name=csrf_token]");
    if (!fresh) return;
    for (const field of document.querySelectorAll("[name=csrf_token]")) field.value = fresh.value;
    own = hands;
    uncover();
  }
  window.addEventListener("storage", (event) => {
    if (event.key !== "hands" || event.newValue === null) return;
    const hands = event.newValue;
    if (hands === own) uncover();
    else if (hands === "") {
      if (covered) return; // locked already, or of somebody who has left: this page's token asks for nothing
      show("locked");
      ask();
    } else if (person(hands) === person(own)) back(hands).catch(() => {});
    else show("other");
  });

  // ---- the time without a key or a touch, over all windows ----
  function note() {
    const now = Date.now();
    if (covered || now - noted < NOTE_EVERY_MS) return;
    noted = now;
    keep("seen", String(now));
  }
  function look() {
    if (covered) return;
    const seen = Math.max(noted, Number(kept("seen")) || 0);
    if (Date.now() - seen >= Number(body.dataset.lockAfter) * 1000) lock();
  }
  for (const kind of ["keydown", "pointerdown", "wheel"]) document.addEventListener(kind, note, { capture: true, passive: true });
  document.addEventListener("visibilitychange", look);
  note();
  setInterval(look, LOOK_MS);
})();
