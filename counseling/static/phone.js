// A volunteer's phone: a visit in two taps, saved here first (outbox.js); what waits always in sight; a cover over it all.
// Where anything of this is missing, the rows stay links and lead to the plain forms.
(async () => {
  "use strict";
  const PIN_TRIES = 5, AWAY_MS = 180000, KEPT_MS = 72 * 3600000, SOON_MS = 60000, BUSY_MS = 2000, RENEW_MS = 30 * 86400000, LIMIT_MS = 30000, MOST_LINES = 300, AGAIN_MS = 500, FINGER = 24, SEEN_MS = 1000;
  const root = document.documentElement, tongue = root.lang === "en" ? "en-GB" : root.lang; // the day before the month
  const one = (selector, place) => (place || document).querySelector(selector);
  const all = (selector, place) => [...(place || document).querySelectorAll(selector)];
  const show = (part, is) => { if (part) part.hidden = !is; };
  const on = (target, name, act) => target?.addEventListener(name, act);
  const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* not kept */ } };
  const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const drop = (name) => { try { localStorage.removeItem(name); } catch { /* nothing there */ } };
  const data = one("#phone")?.dataset, box = one("#outbox");
  if (!data || !box) return;
  self.OUTBOX_URL = data.outbox;
  const actor = data.actor, page = { actor, outbox_key: { id: data.key, point: data.point }, form_version: Number(data.form) };
  if (!actor && location.pathname !== data.offline) drop("out"); // no session any more: it ended before its end could be told
  const isCopy = one("#as-of")?.hidden === false, since = Number(one("#as-of")?.dataset.since || Date.now());
  // What says "today" or "yesterday" and is of another day: a copy, or a page that was left open over night.
  function age() {
    if (new Date(since).toDateString() === new Date().toDateString()) return;
    for (const part of all("[data-later]")) part.textContent = part.dataset.later;
    for (const row of all("[data-last-later]")) row.dataset.last = row.dataset.lastLater;
  }
  age();
  if (isCopy) for (const part of all(".language")) show(part, false); // without a line it would end at the browser's own page

  // ---- the cover: a clock; with a PIN it opens by the PIN only ----
  const cover = one("#cover"), clock = one(".clock", cover || box), lock = cover && one("form", cover);
  const title = document.title;
  const pin = () => JSON.parse(kept("pin") || "null");
  function tick() {
    const now = new Date();
    one("[data-time]", cover).textContent = now.toLocaleTimeString(tongue, { hour: "2-digit", minute: "2-digit" });
    one("[data-date]", cover).textContent = now.toLocaleDateString(tongue, { weekday: "long", day: "numeric", month: "long" });
  }
  function hide() {
    root.classList.add("covered");
    document.title = data.app;
    keep("covered", "1");
    tick();
    show(clock, true);
    show(lock, false);
    clock.focus();
  }
  function uncover() {
    root.classList.remove("covered");
    document.title = title;
    drop("covered");
    keep("seen", String(Date.now()));
  }
  function guard() { // another window may have been touched, or hidden
    if (root.classList.contains("covered")) tick();
    else if (pin() && (kept("covered") || Math.abs(Date.now() - Number(kept("seen"))) > AWAY_MS)) hide();
  }
  const utf8 = (text) => new TextEncoder().encode(text);
  async function hashed(digits, salt) {
    const key = await crypto.subtle.importKey("raw", utf8(digits), "PBKDF2", false, ["deriveBits"]);
    const bits = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: utf8(salt), iterations: 100000 }, key, 256);
    return btoa(String.fromCharCode(...new Uint8Array(bits)));
  }
  if (cover) {
    if (root.classList.contains("covered")) hide();
    else uncover();
    on(clock, "click", () => {
      if (!pin()) return uncover();
      show(clock, false);
      show(lock, true);
      one("input", lock).focus();
    });
    on(lock, "submit", async (event) => {
      event.preventDefault();
      const field = one("input", lock), set = pin(), left = PIN_TRIES - (set.tries += 1);
      keep("pin", JSON.stringify(set)); // counted before it is looked at: loading the page anew gives no new tries
      const isRight = (await hashed(field.value, set.salt)) === set.hash;
      field.value = "";
      show(one("#unlock-wrong"), !isRight);
      one("[data-left]", lock).textContent = left;
      if (isRight) {
        keep("pin", JSON.stringify({ ...set, tries: 0 }));
        uncover();
      } else if (left <= 0) leave();
    });
    on(one("[data-hide]"), "click", hide);
    let seen = 0;
    const touch = () => {
      if (root.classList.contains("covered") || Math.abs(Date.now() - seen) < SEEN_MS) return;
      seen = Date.now();
      keep("seen", String(seen));
    };
    for (const name of ["pointerdown", "keydown", "input", "scroll"]) on(document, name, touch);
    setInterval(guard, 15000); // a phone that lies there lit is nobody's either
    on(window, "storage", guard);
  }
  on(document, "visibilitychange", () => {
    if (document.hidden) {
      // From here on the worker asks, where a browser lets it.
      if (!one("[data-send]").hidden) navigator.serviceWorker?.ready.then((ready) => ready.sync?.register("outbox")).catch(() => {});
      return !cover || root.classList.contains("covered") || keep("seen", String(Date.now())); // a page without a cover has seen nobody
    }
    if (cover) guard();
    look();
  });

  // ---- what waits, and sending it ----
  let stuck = "", timer = 0, isRenewed = false;
  const say = (state) => { for (const part of all("[data-says]", box)) show(part, part.dataset.says === state); };
  async function refresh() {
    const last = newest, entries = await Outbox.entries(), tokens = await Outbox.tokens(), count = entries.length, counts = count ? {} : { none: 0 };
    // Of whoever has to sign in nothing goes on, of the others all. What is whose is counted apart: nobody takes the visit
    // of the one before for their own, or their own for one that somebody else has to see to.
    const shut = new Set(entries.filter((entry) => entry.state === "sign-in" && !tokens.includes(entry.actor)).map((entry) => entry.actor));
    for (const entry of entries) {
      const state = entry.state === "refused" ? "refused" : !shut.has(entry.actor) ? stuck || "waiting" : actor && entry.actor !== actor ? "other" : "sign-in";
      counts[state] = (counts[state] || 0) + 1;
    }
    show(box, actor || count);
    show(one("[data-send]"), count);
    for (const part of all("[data-count]:not(#apart *)")) part.textContent = counts[part.parentElement.dataset.says] ?? count;
    for (const part of all("[data-says]", box)) show(part, part.dataset.says in counts);
    // What was tried once may have arrived: there is nothing to undo any more.
    if (last && last === newest && !entries.some((entry) => entry.id === last.id && !entry.tries)) endUndo();
    if (list && self.isSecureContext) await showDone(entries);
  }
  const endUndo = () => { if (!one("[data-undo]")?.hidden) show(undo, false); };
  async function send(isByHand) {
    clearTimeout(timer);
    const outcome = await Outbox.flush(isByHand === true).catch(() => "later");
    stuck = ["later", "full"].includes(outcome) ? outcome : "";
    if (outcome === "sign-in" && !isRenewed && (await renew())) {
      isRenewed = true;
      return send(isByHand);
    }
    await refresh();
    const left = await Outbox.entries();
    if (!left.length) return undefined;
    const soonest = Math.min(...left.map((entry) => entry.hold_until - Date.now()).filter((ms) => ms > 0 && ms <= Outbox.HOLD_MS), SOON_MS);
    timer = setTimeout(send, outcome === "busy" ? BUSY_MS : stuck === "later" ? Outbox.wait() : soonest + 50);
    return undefined;
  }
  // Somebody looks at the phone: what stood here for three days is gone, and so is what was signed out from afar.
  function look() {
    if (actor && Math.abs(Date.now() - since) > KEPT_MS) return location.replace(data.home);
    age();
    return send().then(Outbox.ask).catch(() => {}); // no line: nothing is known
  }
  function limit() { // for a line that hangs
    const stop = new AbortController();
    setTimeout(() => stop.abort(), LIMIT_MS);
    return stop.signal;
  }
  const sessions = async (signal) => new DOMParser().parseFromString(await (await fetch(data.sessions, { signal })).text(), "text/html");
  // What lets this phone add entries, and nothing else. It needs the session; sending does not.
  async function renew() {
    if (!actor) return false;
    const signal = limit(), ask = (place) => fetch(data.device, {
      method: "POST", redirect: "error", signal, headers: { "X-Outbox": "1" }, body: new URLSearchParams({ csrf_token: one("[name=csrf_token]", place).value }),
    });
    try {
      let answer = await ask();
      if (answer.status === 400) { // on a slow line the first page after signing in is a copy, with the form of the session before
        const now = await sessions(signal);
        if (one("#phone", now).dataset.actor === actor) answer = await ask(now);
      }
      const said = await answer.json();
      if (!answer.ok || !said.token) return false;
      await Outbox.keepToken(actor, { token: said.token, until: Date.parse(said.expires_at) });
      return true;
    } catch { return false; }
  }

  // ---- leaving: what can be read goes first, then the session ends; without a line it ends as soon as there is one ----
  let isLeaving = false;
  async function leave() {
    isLeaving = root.hidden = true;
    keep("out", actor);
    await Outbox.wipe(actor);
    const signal = limit(), post = (token) => fetch(one("[data-leaves]").action, { method: "POST", redirect: "manual", signal, body: new URLSearchParams({ csrf_token: token }) });
    try {
      let answer = await post(one("[name=csrf_token]").value);
      // The form of another session, or a portal in between.
      if (answer.type !== "opaqueredirect") answer = await post(one("[name=csrf_token]", await sessions(signal)).value);
      if (answer.type === "opaqueredirect") drop("out");
    } catch { /* no line */ }
    location.replace(kept("out") ? data.offline : data.home);
  }
  on(document, "submit", async (event) => {
    if (!event.target.matches("[data-leaves]")) return;
    event.preventDefault();
    if ((await Outbox.entries().catch(() => [])).length) one("#leaving").showModal();
    else await leave();
  });
  on(one("[data-leave]"), "click", leave);
  on(one("[data-stay]"), "click", () => one("#leaving").close());

  // ---- one visit ----
  const list = one("#work"), visit = one("#visit"), form = one("#visit-form"), undo = one("#undo");
  let person = {}, prepared, isSaving = false, isBegun = false, hasStep = false, undoTimer = 0, newest, saved;
  // A finger that taps twice finds something else under it by the second time: the way to undo what it has just saved, or
  // an answer for whom it has just chosen. Nobody meant that. Keys have no place. Nor does anything change in a form, or get
  // undone, while the form is being written down: on a busy phone that takes seconds, and what was tapped would be lost with it.
  let touched = { at: 0 }, changed = 0;
  addEventListener("click", (event) => {
    const { timeStamp: at, clientX: x, clientY: y, detail } = event;
    const isAgain = detail && !event.target.closest("summary") && changed > touched.at && at - changed < AGAIN_MS && Math.hypot(x - touched.x, y - touched.y) < FINGER;
    touched = { at, x, y };
    if (!isAgain && !(isSaving && event.target.closest("#visit :is(button, label, input), #undo"))) return;
    changed = performance.now(); // nor by the third
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  function open(who) {
    if (isSaving) return;
    person = { kind: "visit", ...who };
    form.reset();
    isBegun = false;
    if (!one("[data-reopen]").hidden) show(undo, false); // what was left is gone with this
    prepared = Outbox.prepare(page.outbox_key);
    prepared.catch(() => {});
    one("[data-name]", form).textContent = person.name;
    one("[data-where]", form).textContent = person.where || "";
    const plain = one("[data-plain]", form);
    show(plain, person.url);
    plain.href = person.url || data.home;
    const isGroup = person.kind === "group", isAnew = Boolean(person.corrects);
    const parts = { other: !person.ref && !isGroup, group: isGroup, one: !isGroup, correction: isAnew, again: isAnew && rowOf(person.ref), wrong: isAnew && !isGroup && rows().length };
    for (const part of all("[data-of]", form)) show(part, parts[part.dataset.of]);
    for (const part of all("[data-danger], [data-why]", form)) show(part, false);
    form.elements.place.value = (person.task || "").split(" ")[0] === "call_by_phone" ? "phone" : "home";
    // What was written cannot be read here: where nothing is tapped anew, it stays as it was.
    if (isAnew) for (const field of all("[name=place], [name=next], [name=behalf]", form)) field.checked = false;
    one("[data-people]").replaceChildren(...(isGroup ? people("checkbox", "person") : []));
    one("[data-instead]").replaceChildren(...(parts.wrong ? people("radio", "instead") : []));
    enter();
  }
  function enter() {
    swap(true);
    changed = performance.now();
    if (!hasStep) history.pushState({ visit: 1 }, "");
    hasStep = true;
  }
  function back() {
    swap(false);
    if (isBegun) offer(`${person.name} · ${one("#done-here").dataset.unsaved}`, "[data-reopen]");
  }
  // For a moment one button takes back what was just done: a visit that was saved, or the step out of one that was not.
  function offer(said, way) {
    one("[data-text]", undo).textContent = said;
    for (const button of all("button", undo)) show(button, button.matches(way));
    show(undo, true);
    clearTimeout(undoTimer);
    undoTimer = setTimeout(() => show(undo, false), Outbox.HOLD_MS);
  }
  const rows = () => all(".row > a[data-ref]:not([data-entry])", list), rowOf = (ref) => rows().find((row) => row.dataset.ref === ref);
  function people(type, field) {
    return rows().filter((row) => type === "checkbox" || row.dataset.ref !== person.ref).map((row) => {
      const label = document.createElement("label"), box = document.createElement("input"), name = document.createElement("span");
      label.className = "chip choice";
      Object.assign(box, { type, name: field, value: row.dataset.ref, autocomplete: "off" });
      name.textContent = one(".who", row).textContent;
      label.append(box, name);
      return label;
    });
  }
  let top = 0;
  function swap(isVisit) {
    if (isVisit && visit.hidden) top = scrollY;
    show(list, !isVisit);
    show(visit, isVisit);
    changed = 0; // by a way back: no finger was there
    document.body.classList.toggle("task", isVisit);
    scrollTo(0, isVisit ? 0 : top);
    if (isVisit) one("[data-name]", form).focus({ preventScroll: true });
  }
  // The day by this phone's calendar; the server sees by the phone's own time how far it is off.
  function day(days) {
    if (!days) return null;
    const date = new Date();
    date.setDate(date.getDate() + Number(days));
    return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((n) => String(n).padStart(2, "0")).join("-");
  }
  function said(outcome) {
    const fields = new FormData(form), text = (name) => (fields.get(name) || "").trim() || null;
    // Null where nothing is typed; what is no number of this field is NaN, and is not saved.
    const number = (name, shape, least, most) => {
      const typed = text(name), count = shape.test(typed) ? Math.round(typed.replace(",", ".")) : NaN;
      return typed && (count >= least && count <= most ? count : NaN);
    };
    const isGroup = person.kind === "group", instead = fields.get("instead"), right = rowOf(instead);
    const who = instead || person.ref, next = fields.get("next");
    return {
      who: who || null, said: who || isGroup ? null : text("said"), outcome, place: isGroup ? "group" : fields.get("place"),
      topics: fields.getAll("topic"), needs: fields.getAll("need"), mood: fields.get("mood"), agreed: text("agreed"),
      next_on: next === "" && person.corrects ? "" : day(next), // of a correction: "" takes the day out
      danger: fields.getAll("danger"), task: ((right ? right.dataset.task : person.task) || "").split(" "), corrects: person.corrects || null, behalf_of: person.corrects ? fields.get("behalf") : fields.get("behalf") || null, // of a correction: "" is "my own"
      people: fields.getAll("person"), minutes: number("minutes", /^\d+$/, 1, 480), km: number("km", /^\d+([.,]\d\d?)?$/, 0, 500),
    };
  }
  async function save(event) {
    event.preventDefault();
    if (isSaving || !event.submitter) return;
    const body = said(event.submitter.value), why = (code) => { for (const part of all("[data-why]", form)) show(part, part.dataset.why === code); };
    isSaving = true;
    try {
      if (person.kind === "group" && !body.people.length) return why("people");
      if (person.kind === "visit" && !body.who && !body.said) return why("name");
      const odd = ["minutes", "km"].find((name) => Number.isNaN(body[name])), field = form.elements[odd];
      if (odd) {
        why(odd);
        field.closest("details").open = true;
        field.focus({ preventScroll: true });
        return field.parentElement.scrollIntoView({ block: "center" }); // clear of the three answers
      }
      newest = await Outbox.put(person.corrects && person.kind === "visit" ? "correction" : person.kind, body, page, prepared, body.who);
      const right = body.who !== person.ref && rowOf(body.who);
      saved = right ? { ...person, ref: body.who, name: one(".who", right).textContent } : person;
      offer(`${saved.name} · ${event.submitter.textContent.trim()} · ${one("#done-here").dataset.saved}`, "[data-undo]");
      for (const row of rows()) if (row.dataset.ref === saved.ref) row.parentElement.classList.add("logged");
      narrow(at);
      one("#danger-now").replaceChildren(...all("[data-danger]:not([hidden])", form).map((part) => part.cloneNode(true)));
      const find = one("[data-filter]");
      if (find?.value) { // or the list of whoever is next would stand there empty
        find.value = "";
        find.dispatchEvent(new Event("input", { bubbles: true }));
      }
      swap(false); // the step back that the form had stays for the next one
      changed = performance.now();
      navigator.storage?.persist?.().then(showStorage).catch(() => {});
      clearTimeout(timer);
      timer = setTimeout(send, Outbox.HOLD_MS + 50);
    } catch (error) {
      why(error.name === "QuotaExceededError" ? "full" : "failed");
      prepared = Outbox.prepare(page.outbox_key);
      prepared.catch(() => {});
    } finally { isSaving = false; }
    return undefined;
  }

  // ---- the list ----
  let marked;
  const awaited = new Set(); // what this page has seen waiting, it does not know of
  const markedRows = async () => new Map(await Promise.all(rows().map(async (row) => [await Outbox.markOf(actor, row.dataset.ref), row])));
  async function showDone(entries) {
    const place = one("#done-here"), words = place.dataset, known = await (marked ||= markedRows()), today = new Date().toDateString();
    const mine = (entry) => entry.actor === actor, isToday = (entry) => new Date(entry.at).toDateString() === today;
    // Of what was sent that of today, to be put right; what is not sent stays here however old it is.
    const sent = (await Outbox.done()).filter((entry) => mine(entry) && isToday(entry));
    // Of a visit that was put right only the last word: whoever it was not is on the list again.
    const both = [...sent, ...entries.filter(mine)], corrected = new Set(both.map((entry) => entry.corrects));
    const shown = both.filter((entry) => !corrected.has(entry.id)).sort((a, b) => b.at - a.at);
    // One formatter for all lines: toLocaleTimeString makes one for each, the dearest part of a full list.
    const clock = { hour: "2-digit", minute: "2-digit" }, time = new Intl.DateTimeFormat(tongue, clock), date = new Intl.DateTimeFormat(tongue, { day: "2-digit", month: "2-digit", ...clock });
    show(place, shown.length);
    one("ul", place).replaceChildren(...shown.slice(0, MOST_LINES).map((entry) => {
      const row = known.get(entry.who), ref = row?.dataset.ref || "", line = document.createElement("li"), link = document.createElement("a"), who = document.createElement("span"), state = document.createElement("span");
      const isSent = entry.body === undefined;
      line.className = "row";
      link.href = "#done-here";
      Object.assign(link.dataset, { entry: entry.id, ref, kind: entry.kind });
      who.className = "who";
      who.textContent = (row && one(".who", row).textContent) || (entry.kind === "group" ? words.group : words.other);
      state.className = "why";
      const mark = document.createElement("span");
      const isApart = entry.result === "quarantined";
      mark.className = `state ${isSent && !isApart ? "given" : "waiting"}`;
      mark.textContent = isApart ? words.apart : isSent ? words.sent : words.saved;
      state.append(mark, ` · ${(isToday(entry) ? time : date).format(entry.at)} · ${words.mend}`);
      link.append(who, state);
      line.append(link);
      return line;
    }));
    // Of an earlier day it hides nobody: they may have been met again today. A page that was asked for after the receipt, also
    // one that was kept, knows of it, and who still waits there was asked for anew: it hides them only among those whom it calls done.
    for (const { id } of entries) awaited.add(id); // whatever becomes of this phone's clock
    const isNews = (entry) => awaited.has(entry.id) || entry.sent_at > (isCopy ? since : performance.timeOrigin);
    const refs = (some) => new Set(some.filter(isToday).map((entry) => known.get(entry.who)?.dataset.ref));
    const met = one("#met", list), logged = refs(shown), news = refs(shown.filter(isNews));
    for (const row of rows()) row.parentElement.classList.toggle("logged", (met?.contains(row) ? logged : news).has(row.dataset.ref));
    narrow(at);
    if (!met) return;
    show(met, one(".note", met).textContent = all("li:not(.logged)", met).length);
  }
  // One hamlet at a time, or all. What is left of one stands on one screen; where nothing is left, the others are shown.
  let at;
  function narrow(where) {
    const waiting = rows().filter((row) => !row.closest("#met")), left = waiting.filter((row) => !row.closest(".logged")), isAt = (row, place) => place === undefined || row.dataset.at === place;
    at = left.some((row) => isAt(row, where)) ? where : undefined;
    for (const chip of all("#hamlets button")) {
      const place = chip.dataset.at, here = left.filter((row) => isAt(row, place));
      show(chip, here.length || place === undefined);
      show(one(".state", chip), here.some((row) => one(".state.attention", row)));
      one("b", chip).textContent = here.length;
      chip.setAttribute("aria-pressed", place === at);
    }
    for (const row of waiting) row.parentElement.classList.toggle("elsewhere", !isAt(row, at));
    list.classList.toggle("one-hamlet", at !== undefined);
  }
  function listWork() {
    on(list, "click", (event) => {
      const row = event.target.closest(".row > a[data-ref]"), button = event.target.closest("[data-open]");
      if (event.ctrlKey || event.metaKey || event.shiftKey || (!row && !button)) return;
      event.preventDefault();
      if (button) return open({ kind: button.dataset.open === "group" ? "group" : "visit", name: button.textContent.trim() });
      const { ref, task, entry, kind } = row.dataset, name = one(".who", row).textContent;
      if (kind === "group") return open({ kind, name, corrects: entry }); // who came is sealed: they are ticked anew
      return open({ ref, task, name, corrects: entry, where: entry ? "" : [one(".state", row)?.textContent, one(".value", row)?.textContent, row.dataset.last].filter(Boolean).join(" · "), url: entry ? "" : row.href });
    });
    on(form, "submit", save);
    on(form, "input", () => {
      isBegun = true;
      show(one("[data-plain]", form), false); // whoever comes back from there finds the form empty
    });
    on(form, "change", () => {
      const signs = new FormData(form).getAll("danger");
      for (const part of all("[data-danger]", form)) {
        const isNew = part.hidden && signs.includes(part.dataset.danger);
        show(part, signs.includes(part.dataset.danger));
        if (isNew) part.scrollIntoView();
      }
    });
    on(one("[data-back]", form), "click", back);
    on(one("[data-reopen]"), "click", () => {
      show(undo, false);
      enter();
    });
    on(one("[data-again]", form), "click", () => rowOf(person.ref).click());
    on(window, "popstate", (event) => {
      hasStep = Boolean(event.state?.visit);
      if (visit.hidden) return undefined;
      return isSaving ? enter() : back(); // it shuts by itself as soon as it is saved
    });
    on(one("[data-undo]"), "click", async () => {
      show(undo, false);
      const { kind, ref, name } = saved, { id } = newest;
      if (await Outbox.undo(id)) return all("#danger-now [data-told]").forEach((part) => part.remove()); // nobody on duty hears of it
      return open({ kind, ref, name, corrects: id }); // it was on its way already
    });
    hasStep = Boolean(history.state?.visit);
    const asked = rowOf(location.hash.slice(7)); // "#visit-", from the plain page of somebody
    if (!asked) return;
    history.replaceState(history.state, "", location.pathname + location.search);
    asked.click();
  }

  // On the plain page of somebody: where the kept list has them too, the way leads to the form there, also when the line goes.
  async function here() {
    const link = one("#here a"), copy = link && (await caches.match(link.pathname)), text = await copy?.text();
    if (!text?.includes(`data-ref="${link.hash.slice(7)}"`) || isFilledIn()) return;
    show(one("form.person"), false);
    show(one("#here"), true);
  }

  // ---- the first day, and what this phone is set to ----
  function tour() {
    const cards = one("#tour");
    const toured = (kept("toured") || "").split(" ");
    root.classList.toggle("first-day", !toured.includes(actor)); // each person of a shared phone has a first day
    if (!cards || toured.includes(actor)) return;
    const steps = all("[data-card]", cards);
    const end = () => {
      keep("toured", [...toured, actor].join(" ").trim());
      root.classList.remove("first-day");
    };
    on(one("[data-skip]", cards), "click", end);
    on(one("[data-next]", cards), "click", () => {
      const here = steps.findIndex((step) => !step.hidden);
      if (here === steps.length - 1) return end();
      show(steps[here], false);
      return show(steps[here + 1], true);
    });
  }
  async function showStorage() {
    const isKept = await navigator.storage?.persisted?.().catch(() => false);
    for (const part of all("[data-storage]")) show(part, (part.dataset.storage === "kept") === Boolean(isKept));
  }
  function settings() {
    const pinForm = one("#pin-form"), saysPin = (what) => { for (const part of all("[data-pin]")) show(part, part.dataset.pin === what); };
    if (pin()) saysPin("set");
    else if (kept("open") === actor) { // signing out took the code away: the list would lie open, and nobody knew
      saysPin("gone");
      one("#this-phone")?.setAttribute("open", "");
    }
    on(pinForm, "submit", async (event) => {
      event.preventDefault();
      const field = one("input", pinForm);
      if (!/^\d{4}$/.test(field.value)) return saysPin("short");
      const salt = crypto.randomUUID();
      keep("pin", JSON.stringify({ salt, hash: await hashed(field.value, salt), tries: 0 }));
      field.value = "";
      drop("open");
      return saysPin("set");
    });
    on(window, "beforeinstallprompt", (event) => {
      event.preventDefault();
      const button = one("[data-install]");
      show(button, true);
      on(button, "click", () => event.prompt());
    });
    showStorage();
  }

  // ---- the worker; a new version waits until it is asked for, and never loads under a half-filled form ----
  function isFilledIn() {
    const fields = all("form:not(#visit-form) :is(input:not([type=hidden]), textarea)");
    return visit?.hidden === false || fields.some((field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked);
  }
  async function worker() {
    const workers = navigator.serviceWorker;
    if (!workers) return;
    let isAsked = false;
    const bar = one("#update");
    // What this page has loaded the worker need not fetch again.
    const shell = await caches.open("files");
    for (const { name } of performance.getEntriesByType("resource"))
      if (name.includes(data.static) && !(await shell.match(name)))
        await fetch(name).then((answer) => answer.ok && !/html/.test(answer.headers.get("Content-Type")) && shell.put(name, answer)).catch(() => {}); // as in sw.js
    const registration = await workers.register(data.worker);
    const look = () => show(bar, registration.waiting && workers.controller);
    on(workers, "controllerchange", () => (isAsked && !isFilledIn() ? location.reload() : look())); // taken in another tab, too
    on(registration, "updatefound", () => on(registration.installing, "statechange", look));
    on(one("[data-use]"), "click", () => {
      isAsked = true;
      registration.waiting?.postMessage("use");
    });
    look();
    const { active } = await workers.ready;
    if (!kept("out")) active.postMessage("keep");
  }

  Outbox.listen((what, isElsewhere) => {
    // Signed out in another tab, or this phone was signed out from afar: what stands here goes too.
    if (isLeaving) return undefined;
    if (actor && (what === `revoked ${actor}` || (what === "wiped" && isElsewhere))) {
      root.hidden = true;
      return kept("out") ? leave() : location.replace(data.home); // as long as the session lasts, the list would come once more
    }
    if (what === `quarantined ${actor}`) {
      const apart = one("#apart"), count = one("[data-count]", apart);
      count.textContent = Number(count.textContent) + 1;
      show(apart, true);
    }
    return what === "wiped" ? undefined : refresh().catch(() => {});
  });
  if (actor) {
    if (["1", actor].includes(kept("out"))) return leave(); // "1": as pages before this version wrote it
    drop("out");
    root.hidden = false;
  }
  if (list) { // needs nothing that is kept
    narrow();
    on(one("#hamlets"), "click", (event) => {
      const chip = event.target.closest("button");
      if (chip) narrow(chip.dataset.at);
    });
    on(one("[data-filter]"), "input", () => narrow()); // somebody is looked for everywhere
  }
  try {
    await Outbox.entries();
  } catch { // a private window, or no room for anything: told before anything is written
    show(box, actor);
    if (actor) tour();
    show(one("#this-phone"), false); // a code would guard nothing
    return say("no-store");
  }
  if (actor) {
    const before = kept("kept");
    if (before && before !== actor) await Outbox.wipe(before);
    keep("kept", actor); // the wipe has taken it: where nothing can be kept, the next load finds nobody before
    try {
      // Only where the sign-in itself led here: one that came to nothing says nothing of whose list this is.
      const signs = document.referrer.split("?")[0].endsWith("/login") && sessionStorage.getItem("signs");
      if (signs) [null, signs].includes(kept("signed")) ? keep("signed", signs) : drop("signed"); // of two names neither is believed
      sessionStorage.removeItem("signs"); // once: another may sign in next, in another tab
    } catch { /* not kept */ }
    // What was kept of this page went as well: without a line there would be no list.
    if (before && before !== actor) return location.reload();
    tour();
    await Outbox.arrive(actor);
    const bearer = await Outbox.token(actor);
    settings();
    if (self.isSecureContext && crypto.randomUUID) list ? listWork() : here().catch(() => {});
    worker().catch(() => {});
    // After the list: somebody may tap already while the line hangs.
    if (!isCopy && (!bearer || bearer.until - Date.now() < RENEW_MS)) await renew();
  }
  // Nobody is signed in, but a PIN covers what is kept: a visit need not wait for a password.
  if (!actor && pin() && (await self.caches?.keys())?.some((name) => name.startsWith("kept-"))) show(one("#kept-here"), true);
  for (const [target, name] of [[window, "online"], [window, "focus"], [window, "pageshow"]]) on(target, name, look);
  on(one("[data-send]"), "click", () => {
    endUndo();
    send(true);
  });
  await look();
  return undefined;
})();
