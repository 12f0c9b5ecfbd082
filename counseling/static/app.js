// Quick hands at the desk: keys, live filter, one answer per tap, the line lost. Every form and link works without this file.
(() => {
  "use strict";
  const RESTORE_AFTER_MS = 10000; // a download or a stopped request never unloads the page
  const find = () => document.querySelector("[data-filter]");
  const all = (selector, root) => [...(root || document).querySelectorAll(selector)];
  document.documentElement.classList.add("js");

  // The same folding as the server's data-folded: lower case, no marks; đ has no Unicode decomposition.
  const fold = (text) => text.toLowerCase().replace(/đ/g, "d").normalize("NFD").replace(/[\u0300-\u036f]/g, "").trim();

  // ---- live filter ----
  function filter() {
    const field = find();
    if (!field) return;
    const words = fold(field.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of all("[data-folded]", document.querySelector(field.dataset.filter))) {
      row.hidden = !words.every((word) => row.dataset.folded.includes(word));
      if (!row.hidden) shown += 1;
    }
    for (const note of all("[data-filter-empty]")) note.hidden = shown > 0 || !words.length;
  }
  const targets = () => {
    const field = find();
    const list = field && document.querySelector(field.dataset.filter);
    return all(".row:not([hidden]) > a", list || document).filter((link) => link.getClientRects().length);
  };
  // Enter opens the row whose code was typed in full, or the only row left; among several it only moves there.
  // Somebody with a part left stands in two lists: the same person twice is one.
  const one = (rows) => (new Set(rows.map((link) => link.href)).size === 1 ? rows[0] : null);
  function enter(event) {
    const typed = fold(find().value);
    const rows = targets().filter((link) => !link.dataset.entry); // what was logged on this phone is found by nobody
    const only = typed && (one(rows.filter((link) => fold(link.parentElement.dataset.code || "") === typed)) || one(rows));
    if (typed && !rows.length) return; // the form around the field asks the server
    event.preventDefault(); // nothing typed: one Enter too many
    if (only) only.click();
    else if (typed) rows[0].focus();
  }

  // ---- keyboard ----
  function step(event) {
    const rows = targets();
    const here = rows.indexOf(document.activeElement);
    const inFind = document.activeElement === find();
    if (!rows.length || (here < 0 && !inFind)) return;
    event.preventDefault();
    if (event.key === "ArrowUp" && here <= 0) return find() && find().focus();
    rows[Math.min(here + (event.key === "ArrowDown" ? 1 : -1), rows.length - 1)].focus();
  }
  function escape() {
    const menu = document.querySelector(".account[open]");
    if (menu) {
      menu.open = false;
      return menu.firstElementChild.focus();
    }
    const field = find();
    if (!field || document.querySelector("dialog[open]")) return;
    if (document.activeElement === field) {
      field.value = "";
      filter();
    } else field.focus();
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const typing = event.target.matches("input:not([type=radio], [type=checkbox]), textarea, select") &&
      (event.target !== find() || event.target.value); // no code or name begins with one of our keys
    // A key held down goes on pressing what the next page offers: poured and drunk without anybody having looked.
    if (event.repeat && event.key === "Enter" && event.target.nodeName !== "TEXTAREA") return event.preventDefault();
    if (event.key === "Escape") escape();
    else if (event.key.startsWith("Arrow") && /Up|Down/.test(event.key) && (!typing || event.target === find())) step(event);
    else if (event.key === "Enter" && event.target === find()) enter(event);
    else if (typing) return;
    else if (event.key === "/" && find()) {
      event.preventDefault();
      find().select();
    } else if (event.key === "?") {
      event.preventDefault();
      document.getElementById("keys")?.showModal();
    } else if (event.key === "*") {
      event.preventDefault();
      document.querySelector(".hands button")?.click();
    }
  });
  document.addEventListener("input", (event) => event.target === find() && filter());

  // ---- one answer per tap: a form on its way is not sent again; request_key guards what still slips through ----
  function release(form) {
    delete form.dataset.sent;
    for (const button of all("[aria-busy]", form)) {
      button.removeAttribute("aria-busy");
      button.disabled = false;
    }
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "dialog") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return event.stopImmediatePropagation();
    }
    form.dataset.sent = "1";
    const button = event.submitter;
    // Later, because a disabled button would not send its own name and value.
    setTimeout(() => {
      if (event.defaultPrevented && !form.dataset.htmxPowered) return release(form);
      if (!button) return;
      button.setAttribute("aria-busy", "true");
      button.disabled = true;
    });
    setTimeout(() => release(form), RESTORE_AFTER_MS);
  }, true);

  // ---- back button: never show what stood there before (another user, a dose since given) ----
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    if (document.querySelector("[data-fresh]")) location.reload();
    else all("form[data-sent]").forEach(release);
  });

  // ---- htmx: what its events are called in 4.x: docs/decisions/005-htmx-4.md ----
  const lost = (is) => {
    const note = document.getElementById("line-lost");
    if (note) note.hidden = !is;
  };
  const context = (event) => event.detail.ctx || {};
  const polls = (event) => context(event).sourceEvent?.type === "every";
  document.addEventListener("htmx:before:request", (event) => {
    if (polls(event) && document.hidden) event.preventDefault(); // nobody looks: do not ask
  });
  document.addEventListener("htmx:after:request", (event) => {
    lost(false);
    const { response, text } = context(event);
    const notices = document.getElementById("notices");
    if (!notices) return;
    // These statuses are in noSwap: the list or form stays, the words (errors/_fragment.html) stand above it.
    if ([401, 403, 404, 429].includes(response.status) || response.status >= 500) {
      const answer = new DOMParser().parseFromString(text || "", "text/html").querySelector(".notice");
      if (!answer) return lost(true);
      answer.dataset.fromAnswer = "";
      if (notices.textContent.trim() === answer.textContent.trim()) return; // said once, not at every poll
      notices.replaceChildren(answer);
    } else if (notices.querySelector("[data-from-answer]")) notices.replaceChildren();
  });
  document.addEventListener("htmx:error", (event) => context(event).request && lost(true));
  document.addEventListener("htmx:finally:request", (event) => {
    const form = context(event).sourceElement;
    if (form?.matches?.("form")) release(form);
  });
  document.addEventListener("htmx:after:swap", () => {
    filter();
    arrive();
  });

  // ---- a phone keeps one volunteer's list (sw.js, phone.js): for whoever else has signed in at it, it is gone ----
  async function forget() {
    navigator.serviceWorker?.controller?.postMessage("wipe");
    for (const name of (await self.caches?.keys()) || []) {
      const place = name.startsWith("kept-") && (await caches.open(name));
      if (place) await Promise.all((await place.keys()).map((request) => place.delete(request)));
      if (place) await caches.delete(name); // the worker may have, and opening has made it anew
    }
  }
  // Before the answer is known: on a slow line the first page of whoever comes next would be the copy of the one before. The
  // same name again takes nothing away, for a sign-in may come to nothing. What is kept of the name only tells it apart.
  const markOf = (name) => String([...name.trim().toLowerCase()].reduce((mark, sign) => Math.imul(mark ^ sign.codePointAt(0), 16777619), 2166136261));
  document.addEventListener("submit", (event) => {
    // Where a page has phone.js, that asks first about what is not sent yet.
    if (event.target.matches("[action$='/logout']") && !document.body.dataset.who) forget();
    const name = event.target.querySelector("[name=username]");
    if (!name || !event.target.querySelector("[name=password]")) return;
    const mark = markOf(name.value);
    try {
      sessionStorage.setItem("signs", mark);
      if (localStorage.getItem("signed") === mark) return;
    } catch { /* nothing can be kept, so nothing is */ }
    forget();
  });
  // Back here: the sign-in before came to nothing.
  if (location.pathname.endsWith("/login")) try { sessionStorage.removeItem("signs"); } catch { /* nothing there */ }
  if (document.body?.dataset.who === "") {
    forget();
    const others = self.BroadcastChannel && new BroadcastChannel("outbox");
    others?.postMessage("wiped"); // an open list in another tab goes as well
    others?.close();
  }

  // ---- small things ----
  // Once per page: to what is to be corrected, else to what the page says comes next ("keys": where no finger would
  // get a keyboard over the page for it). A list that renews itself later moves nobody.
  function arrive() {
    const wrong = document.querySelector(".errors[data-autofocus]") ||
      document.querySelector(".wrong :is(input, select, textarea):not([type=hidden])");
    const place = wrong || document.querySelector("[data-autofocus]");
    if (!place || place.dataset.autofocus === "done") return;
    const isForKeys = !wrong && place.dataset.autofocus === "keys";
    place.dataset.autofocus = "done";
    if (isForKeys && matchMedia("(pointer: coarse)").matches) return;
    place.focus({ preventScroll: Boolean(place.closest(".hand")) }); // the main action is in sight already
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
    const menu = document.querySelector(".account[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
  });
  const ready = () => {
    // Our own sentences stand at the field, in the reader's language; the browser's bubble does neither.
    for (const form of document.forms) form.noValidate = true;
    filter();
    arrive();
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
