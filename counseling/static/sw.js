// The worker. Before this text stand FILES, OFFLINE, HOME, ROOT, DANGER and STATIC (routes/offline.py), and outbox.js is imported.
// It answers for files, the volunteer's list, what to do in danger and the pages beside them. Every other page, and every POST, passes it by:
// a list of doses is never shown from a copy.
"use strict";
const SAID = /<!--said-->[^]*?<!--\/said-->/, SHELL = "files", KEPT = "kept-", EMPTIED = "X-Emptied", GONE = 'id="gone" hidden', NAMES = /<!--names-->[^]*?<!--\/names-->|<span class="note">\d+<\/span>/g;
const LIMIT_MS = 3000, KEPT_MS = 72 * 3600000, DAY_MS = 24 * 3600000;
let wiped = 0, asked = 0, newest = 0, isClosed = false, emptied = 0, emptying;

self.addEventListener("install", (event) => event.waitUntil((async () => {
  const shell = await caches.open(SHELL);
  await have(FILES);
  const page = await fetch(OFFLINE, { cache: "reload" });
  if (!page.headers.has("X-Keep-For")) throw new Error("not ours");
  await shell.put(OFFLINE, page);
})()));
// A portal in between answers 200 with a page of its own: under a file's name it would stand there until the next version.
const isFile = (answer) => answer.status === 200 && !/html/.test(answer.headers.get("Content-Type"));
async function have(files) {
  const shell = await caches.open(SHELL);
  for (const name of files) {
    if (await shell.match(name)) continue;
    const answer = await fetch(name);
    if (!isFile(answer)) throw new Error(name);
    await shell.put(name, answer);
  }
}

self.addEventListener("activate", (event) => event.waitUntil((async () => {
  // A kept page goes on needing the files of its own version.
  const text = (await Promise.all([HOME, DANGER].map(async (path) => (await kept(path))?.text()))).join();
  const shell = await caches.open(SHELL);
  for (const { url } of await shell.keys()) {
    const { pathname } = new URL(url);
    if (pathname !== OFFLINE && !FILES.includes(pathname) && !text.includes(pathname)) await shell.delete(url);
  }
  await self.clients.claim();
})()));

self.addEventListener("message", (event) => {
  if (event.data === "use") self.skipWaiting();
  if (event.data === "wipe") event.waitUntil(forget());
  // The list came before its worker, or when that had just been told to forget.
  if (event.data === "keep") event.waitUntil(kept().then((copy) => (copy ? copy.body?.cancel() : take(HOME))));
});
self.addEventListener("sync", (event) => event.waitUntil((async () => {
  const isHeld = await Outbox.isHeld(); // saved a moment ago, and the phone went into the pocket
  const outcome = await Outbox.flush();
  if (isHeld || outcome === "later" || outcome === "busy") throw new Error("later"); // the browser asks again
})()));
Outbox.listen((what) => { if (what === "wiped") forget(); });

// Whoever comes next gets nothing kept for the one before, not even what is still on its way.
async function forget() {
  wiped += 1;
  isClosed = true;
  await Outbox.clear();
}

async function kept(path = HOME) {
  if (isClosed) return undefined;
  await emptying?.catch(() => {});
  const before = emptied;
  for (const name of await caches.keys()) {
    if (!name.startsWith(KEPT)) continue;
    const place = await caches.open(name), copy = await place.match(HOME);
    if (copy && isOld(copy)) {
      await copy.body?.cancel();
      try { await (emptying ||= empty(place).finally(() => { emptying = undefined; emptied += 1; })); } catch { return undefined; } // no room even for less
      return kept(path);
    }
    if (copy && path === HOME) return copy;
    await copy?.body?.cancel();
    if (copy) return place.match(path);
  }
  return emptying || emptied !== before ? kept(path) : undefined; // looked at between what went and what is put back
}
// After three days the names go. What takes down a visit stays: a server that is away for a week keeps nobody from logging.
async function empty(place) {
  const before = wiped, copy = await place.match(HOME), aid = await place.match(DANGER);
  if (!copy || !isOld(copy)) return; // another has done it meanwhile
  const safe = (await aid?.text())?.replace(NAMES, ""), text = (await copy.text()).replace(NAMES, "").replace(/ data-since="\d+"/, "");
  await Outbox.clear();
  if (!text.includes(GONE)) return; // made before pages said where the names stand
  const headers = new Headers(copy.headers), left = await caches.open(KEPT + headers.get("X-Keep-For"));
  headers.set(EMPTIED, "1");
  if (safe) await left.put(DANGER, new Response(safe, { headers: aid.headers }));
  await left.put(HOME, new Response(text.replace(GONE, 'id="gone"'), { headers }));
  if (before !== wiped) await forget();
}
// A copy that is too old is emptied when the phone is next used for anything here, whoever uses it.
const sweep = async () => (await kept().catch(() => null))?.body?.cancel();
const isOld = (copy) => !copy.headers.has(EMPTIED) && age(copy) >= KEPT_MS;
const tongueOf = (text) => /<html lang="(\w+)"/.exec(text)?.[1];
const age = (copy) => Math.abs(Date.now() - Number(copy.headers.get("X-Kept-At")));
// `since`: when it was asked for. Of what the server has learnt while it was on its way it may know nothing.
async function keep(path, answer, number, before, since) {
  const who = answer.headers.get("X-Keep-For");
  if (!who || answer.status !== 200) return;
  // What was said once, of something that was just done, is not said anew each time that the copy is opened.
  const text = (await answer.text()).replace(SAID, "").replace('id="as-of" hidden', `id="as-of" data-since="${since}"`);
  // A page of a new version whose script has not come is a list with which nothing can be logged: until then the one before stays.
  await have(text.split(/["#]/).filter((part) => part.startsWith(STATIC) && /\.(css|js|svg)$/.test(part)));
  if (before !== wiped || number < newest) return;
  const headers = new Headers(answer.headers);
  headers.delete("Content-Encoding");
  headers.delete("Content-Length");
  headers.set("X-Kept-At", String(Date.now()));
  await Outbox.clear(KEPT + who);
  const place = await caches.open(KEPT + who);
  newest = number;
  isClosed = false;
  await place.put(path, new Response(text, { headers }));
  if (before !== wiped) return forget();
  // What to do in danger and whom to call: there before it is needed, gone with the list, and in its language.
  const aid = await place.match(DANGER);
  const isOther = tongueOf(await aid?.text()) !== tongueOf(text);
  if (!aid || isOther || age(aid) > DAY_MS) await take(DANGER, number, before);
  // So does the page that says that there is no line.
  const shell = await caches.open(SHELL), plain = await shell.match(OFFLINE);
  if (plain && tongueOf(await plain.text()) !== tongueOf(text)) {
    const anew = await fetch(OFFLINE, { cache: "reload" });
    if (anew.headers.has("X-Keep-For")) await shell.put(OFFLINE, anew);
  }
  return undefined;
}
const take = async (path, number = (asked += 1), before = wiped, since = Date.now()) => keep(path, await fetch(path), number, before, since);

async function page(event, path, swept) {
  const number = (asked += 1), before = wiped, since = Date.now();
  const asking = fetch(event.request).then((answer) => {
    if (path !== ROOT && answer.headers.has("X-Keep-For")) {
      const copy = answer.clone(); // before anybody reads it
      event.waitUntil(swept.then(() => keep(path, copy, number, before, since)));
    }
    return answer;
  });
  event.waitUntil(asking.catch(() => {}));
  let timer;
  const late = new Promise((done) => { timer = setTimeout(done, LIMIT_MS); });
  const answer = await Promise.race([asking.catch(() => null), late]);
  clearTimeout(timer);
  if (answer && answer.status < 500) return answer;
  // Only now: a copy that is opened and not read keeps its file on the disk after it was deleted.
  const copy = await kept(path === ROOT ? HOME : path);
  if (!copy) return asking.catch(offline);
  return before === wiped ? (path === ROOT ? Response.redirect(HOME) : copy) : offline();
}
// From the page for signing in, where a PIN covers what is kept: a visit is logged before anybody types a password.
async function here() {
  const before = wiped, copy = await kept();
  return copy && before === wiped ? copy : Response.redirect(HOME);
}
const offline = async () => (await caches.match(OFFLINE)) || Response.error();

async function file(request) {
  const shell = await caches.open(SHELL);
  const found = await shell.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (isFile(answer)) await shell.put(request, answer.clone()).catch(() => {}); // a full phone still gets the file
  return answer;
}

self.addEventListener("fetch", (event) => {
  const { request } = event, { origin, pathname, search } = new URL(request.url);
  const swept = request.mode === "navigate" ? sweep() : null;
  if (swept) event.waitUntil(swept);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname.startsWith(STATIC)) event.respondWith(file(request));
  else if (request.mode !== "navigate") return;
  else if (pathname === HOME && search === "?kept=") event.respondWith(here());
  else if ([HOME, ROOT, DANGER].includes(pathname)) event.respondWith(page(event, search && pathname !== DANGER ? ROOT : pathname, swept));
  else if (pathname.startsWith(HOME) || pathname === OFFLINE) event.respondWith(fetch(request).catch(offline));
});
