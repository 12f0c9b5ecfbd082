// What was logged and is not sent yet. Shared by pages and worker; what goes wrong here loses a visit.
// An entry is sealed to the server before it is kept: neither a thief nor the next person at this phone can read it.
self.Outbox = (() => {
  "use strict";
  const HOLD_MS = 8000, TIMEOUT_MS = 30000, SHORTEST_WAIT_MS = 2000, LONGEST_WAIT_MS = 300000, LONGEST_ASKED_MS = 3600000, DONE_MS = 72 * 3600000;
  const TAKEN = ["stored", "already", "quarantined"];
  const FOR_PEOPLE = [400, 409, 413, 422]; // to ask again at once changes nothing: kept, marked, told
  const utf8 = (text) => new TextEncoder().encode(text);
  const to64 = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const from64 = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));

  // ---- the store ----
  let opened;
  const database = () => (opened ||= new Promise((done, failed) => {
    const request = indexedDB.open("outbox", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("entries", { keyPath: "n", autoIncrement: true }).createIndex("id", "id", { unique: true });
      request.result.createObjectStore("done", { keyPath: "id" }); // marks and times, neither names nor references
      request.result.createObjectStore("tokens");
    };
    request.onsuccess = () => {
      request.result.onclose = request.result.onversionchange = () => { opened?.then((db) => db.close()); opened = undefined; };
      done(request.result);
    };
    request.onerror = () => failed(request.error);
  }).catch((error) => { opened = undefined; throw error; }));

  // `work` gets the stores and may return a request; the promise ends when the transaction is written down.
  async function transaction(names, mode, work) {
    const db = await database();
    return new Promise((done, failed) => {
      const tx = db.transaction(names, mode, { durability: mode === "readwrite" ? "strict" : "default" });
      const request = work(...names.map((name) => tx.objectStore(name)));
      tx.oncomplete = () => done(request?.result);
      tx.onerror = tx.onabort = () => failed(tx.error || request?.error || new Error("not written"));
    });
  }
  const read = (name, work) => transaction([name], "readonly", work);
  const entries = () => read("entries", (store) => store.getAll());
  const done = async () => [...(await read("done", (store) => store.getAll())), ...unnoted];
  const token = (actor) => read("tokens", (store) => store.get(actor));
  const tokens = () => read("tokens", (store) => store.getAllKeys());
  // A late answer speaks of the token that was shown, not of one that came since. True when it is gone by this.
  async function dropToken(actor, shown) {
    let gone = false;
    await transaction(["tokens"], "readwrite", (store) => {
      store.get(actor).onsuccess = (event) => {
        gone = event.target.result?.token === shown.token;
        if (gone) store.delete(actor);
      };
    });
    return gone;
  }

  const channel = self.BroadcastChannel ? new BroadcastChannel("outbox") : null;
  let listener = () => {};
  if (channel) channel.onmessage = ({ data }) => hear(data, true);
  function tell(what) {
    channel?.postMessage(what);
    hear(what, false);
  }
  // What a full phone has no room for, a try and what was sent, each tab knows as long as it stands.
  const uncounted = new Set(), unnoted = [];
  function hear(what, isElsewhere) {
    if (what.tried) uncounted.add(what.tried);
    if (what.noted) unnoted.push(what.noted);
    if (what === "wiped") unnoted.length = 0;
    listener(what, isElsewhere);
  }

  // ---- sealing: ephemeral ECDH P-256, HKDF, AES-GCM; the phone forgets its half and cannot read back ----
  const CURVE = { name: "ECDH", namedCurve: "P-256" };
  const prepare = (key) => Promise.all([
    crypto.subtle.importKey("raw", from64(key.point), CURVE, false, []),
    crypto.subtle.generateKey(CURVE, true, ["deriveBits"]),
  ]);
  async function seal(id, said, key, prepared) {
    const [theirs, own] = await prepared;
    const bits = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, own.privateKey, 256);
    const shared = await crypto.subtle.importKey("raw", bits, "HKDF", false, ["deriveKey"]);
    const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: utf8("diem-tua outbox 1") };
    const secret = await crypto.subtle.deriveKey(how, shared, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: utf8(id) }, secret, utf8(JSON.stringify(said)));
    return { key: key.id, epk: to64(await crypto.subtle.exportKey("raw", own.publicKey)), iv: to64(iv), data: to64(data) };
  }

  // Local time with its zone: the server keeps both beside its own.
  function clientTime(date) {
    const minutes = -date.getTimezoneOffset(), two = (n) => String(Math.floor(n)).padStart(2, "0");
    const local = new Date(date.getTime() + minutes * 60000).toISOString().slice(0, 19);
    return `${local}${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
  }

  // What is deleted here stays readable on the disk for long (deleting the whole database leaves it too): of the reference
  // only a mark is kept, which nobody can turn back; a page that has the list finds it again.
  const markOf = async (actor, ref) => ref && to64(await crypto.subtle.digest("SHA-256", utf8(`${actor} ${ref}`))).slice(0, 16);
  async function put(kind, said, page, prepared, ref) {
    const id = crypto.randomUUID(), now = new Date();
    const entry = {
      id, kind, actor: page.actor, client_time: clientTime(now), form_version: page.form_version, tries: 0,
      body: await seal(id, said, page.outbox_key, prepared), who: await markOf(page.actor, ref), at: now.getTime(), hold_until: now.getTime() + HOLD_MS, state: "waiting",
      corrects: said.corrects || null,
    };
    await transaction(["entries"], "readwrite", (store) => store.add(entry));
    tell("saved");
    return entry;
  }

  // True when it is gone before anybody else saw it.
  async function undo(id) {
    let gone = false;
    await transaction(["entries"], "readwrite", (store) => {
      store.index("id").get(id).onsuccess = (event) => {
        const entry = event.target.result;
        if (!entry || entry.tries || uncounted.has(id)) return;
        gone = true;
        store.delete(entry.n);
      };
    });
    if (gone) tell("undone");
    return gone;
  }

  // ---- sending: one at a time, oldest first, over all tabs; deleted only on a receipt that repeats the id ----
  // A clock that was set back must not hold an entry for a day.
  const held = (entry) => !entry.tries && entry.hold_until > Date.now() && entry.hold_until <= Date.now() + HOLD_MS;
  const isHeld = async () => (await entries()).some(held);
  async function claim(isSkipped) {
    let claimed;
    const take = (mode) => transaction(["entries"], mode, (store) => {
      store.getAll().onsuccess = (event) => {
        claimed = event.target.result.find((entry) => !isSkipped(entry));
        if (!claimed) return;
        claimed.tries += 1;
        if (mode === "readwrite") store.put(claimed);
      };
    });
    // A full phone cannot count a try: it is sent all the same, which is what makes room. The lock stands. Other tabs are
    // told, and then it is looked for once more: what one of them has just undone is not sent.
    const takeUncounted = async () => {
      await take("readonly");
      if (!claimed || uncounted.has(claimed.id)) return;
      tell({ tried: claimed.id });
      await takeUncounted();
    };
    await take("readwrite").catch(takeUncounted);
    return claimed;
  }
  // How many of this author wait behind this one, and since when, but for what may still be undone: the server says whose phone had no line, or is off.
  async function waiting(id, actor) {
    const others = (await entries()).filter((entry) => entry.id !== id && entry.actor === actor && !held(entry));
    return others.length ? `${others.length};${others[0].client_time}` : "0";
  }
  function limit() { // AbortSignal.timeout is younger than the phones
    const stop = new AbortController();
    setTimeout(() => stop.abort(), TIMEOUT_MS);
    return stop.signal;
  }
  async function post(entry, bearer) {
    const { id, kind, actor, client_time, form_version, tries, body } = entry;
    const answer = await fetch(self.OUTBOX_URL, {
      method: "POST", credentials: "omit", redirect: "error", cache: "no-store", signal: limit(),
      headers: {
        "Content-Type": "application/json", "X-Outbox": "1", Authorization: `Device ${bearer}`,
        "X-Outbox-Waiting": await waiting(id, actor), "X-Outbox-Clock": clientTime(new Date()),
      },
      body: JSON.stringify({ id, kind, actor, client_time, form_version, tries: tries - 1, body }),
    });
    const said = await answer.json().catch(() => ({})); // a captive portal answers with a page
    if (answer.status === 200 && said.id === id && TAKEN.includes(said.result)) return said.result;
    if (answer.status === 401) return said.revoked === true ? "revoked" : "sign-in";
    asked = Date.now() + (Number(answer.headers.get("Retry-After")) || 0) * 1000;
    return FOR_PEOPLE.includes(answer.status) ? "refused" : "later";
  }
  const noted = ({ id, who, at, actor, kind, corrects }, result) => ({ id, who, at, sent_at: Date.now(), actor, kind, corrects, result });
  // Without a result nothing is noted: a delete needs no room. Of somebody who has signed out nothing is noted as done, and with their last entry their token goes.
  const finish = ({ n, actor }, result) => transaction(["entries", "done", "tokens"], "readwrite", (store, sent, tokens) => {
    store.getAll().onsuccess = (event) => {
      const entry = event.target.result.find((one) => one.n === n), others = event.target.result.filter((one) => one.n !== n);
      store.delete(n);
      if (result && entry && !entry.is_left) sent.put(noted(entry, result));
      if (entry?.is_left && !others.some((one) => one.actor === actor)) tokens.delete(actor);
    };
  });
  const mark = ({ n }, state) => transaction(["entries"], "readwrite", (store) => {
    store.get(n).onsuccess = (event) => event.target.result && store.put(Object.assign(event.target.result, { state }));
  }).catch(() => {}); // a full phone: told by the next try

  // What came of it: "sent", "later" (the line), "full" (sent, and it cannot be taken out), "sign-in", "revoked". `all`: by hand, also what was refused before and what could still be undone.
  async function sendAll(all) {
    const stopped = new Set(), tried = new Set();
    let outcome = "sent";
    for (;;) {
      const entry = await claim((one) => stopped.has(one.actor) || tried.has(one.id) || (!all && (held(one) || one.state === "refused")));
      if (!entry) return outcome;
      tried.add(entry.id);
      const bearer = await token(entry.actor);
      const result = bearer ? await post(entry, bearer.token).catch(() => "later") : "sign-in";
      if (TAKEN.includes(result)) await finish(entry, result).catch(() => finish(entry).then(() => entry.is_left || tell({ noted: noted(entry, result) }))).catch(() => { outcome = "full"; });
      else if (result === "refused") await mark(entry, "refused");
      else if (result === "later") return "later";
      else { // everything of theirs is kept until they sign in; what others wrote goes on
        stopped.add(entry.actor);
        outcome = result;
        await mark(entry, "sign-in");
        if (bearer) await (result === "revoked" ? revoke : dropToken)(entry.actor, bearer);
      }
      tell(result === "quarantined" ? `${result} ${entry.actor}` : result);
    }
  }
  let wait = 0, asked = 0, running; // asked: what the server's Retry-After says, by this phone's clock
  async function flush(all) {
    while (running) { // by hand it waits for its turn
      if (!all) return "busy";
      await running.catch(() => {});
    }
    const work = (lock) => (lock === null ? "busy" : sendAll(all));
    running = navigator.locks ? navigator.locks.request("outbox", { ifAvailable: !all }, work) : sendAll(all);
    try {
      const outcome = await running;
      wait = outcome === "later" ? Math.min(wait * 2 || SHORTEST_WAIT_MS, LONGEST_WAIT_MS) : 0;
      return outcome;
    } finally { running = undefined; }
  }

  // Nothing may wait here for years: a phone that was signed out from afar learns it by asking.
  async function ask() {
    for (const actor of await tokens()) {
      const bearer = await token(actor);
      const answer = bearer && await fetch(`${self.OUTBOX_URL}/alive`, {
        method: "POST", credentials: "omit", redirect: "error", cache: "no-store", body: "{}", signal: limit(),
        headers: { "Content-Type": "application/json", "X-Outbox": "1", Authorization: `Device ${bearer.token}` },
      });
      const said = await answer?.json().catch(() => ({})); // read whatever it is: an answer left unread keeps its line
      if (answer?.status !== 401 || said.revoked !== true) continue;
      await revoke(actor, bearer);
    }
  }
  // Of somebody who was here before, what others have here now is left alone.
  async function revoke(actor, shown) {
    if (!(await dropToken(actor, shown))) return;
    let here;
    try { here = localStorage.getItem("kept"); } catch { /* a worker has none */ }
    if (here === actor || (await self.caches?.has(`kept-${actor}`))) await wipe(actor);
    tell(`revoked ${actor}`);
  }

  // A cache whose handle somebody still holds stays on the disk after it was deleted; what lies in it does not.
  async function clear(but) {
    for (const name of (await self.caches?.keys()) || []) {
      if (!name.startsWith("kept-") || name === but) continue;
      const place = await caches.open(name);
      for (const request of await place.keys()) await place.delete(request);
      await caches.delete(name);
    }
  }

  // ---- nothing readable stays: the list, what was done, tokens of those with nothing left to send; never an entry ----
  async function wipe(actor) {
    tell("wiped");
    try { if (localStorage.getItem("pin")) localStorage.setItem("open", actor); } catch { /* a worker has none */ } // told when they come back
    try { for (const name of ["pin", "seen", "kept", "covered", "signed"]) localStorage.removeItem(name); } catch { /* a worker has none */ }
    await clear();
    await transaction(["entries", "done", "tokens"], "readwrite", (store, sent, tokens) => {
      sent.clear();
      store.getAll().onsuccess = (event) => {
        const theirs = event.target.result.filter((entry) => entry.actor === actor);
        for (const entry of theirs) store.put(Object.assign(entry, { is_left: true }));
        if (!theirs.length) tokens.delete(actor);
      };
    }).catch(() => {});
  }
  // Somebody is there (again): what they left unsent is theirs as before, what is old goes.
  const arrive = (actor) => transaction(["entries", "done"], "readwrite", (store, sent) => {
    store.getAll().onsuccess = (event) => {
      for (const one of event.target.result) if (one.actor === actor && one.is_left) store.put(Object.assign(one, { is_left: false }));
    };
    sent.getAll().onsuccess = (event) => {
      for (const one of event.target.result) if (Math.abs(Date.now() - one.at) > DONE_MS) sent.delete(one.id);
    };
  }).catch(() => {}); // a full phone: noted the next time, sent all the same

  return {
    HOLD_MS, clear, put, undo, entries, done, token, tokens, prepare, markOf, isHeld, flush, ask, wipe, arrive,
    wait: () => Math.max(wait, SHORTEST_WAIT_MS, Math.min(asked - Date.now(), LONGEST_ASKED_MS)),
    listen: (to) => { listener = to; },
    keepToken: (actor, value) => transaction(["tokens"], "readwrite", (store) => { store.put(value, actor); }),
  };
})();
