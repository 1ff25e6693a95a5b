// The service worker: with a line it asks the server for every page; without one it answers with /offline, which holds nothing of anybody.
// What people wrote is not here but in the page's own store, encrypted (offline.js).
"use strict";
const kept = "liandong-offline", shell = "/offline";

// fresh fetches the page and the files that it names, and drops those of an earlier version.
const fresh = async () => {
  const answer = await fetch(shell, { cache: "no-store" });
  if (!answer.ok) return;
  const files = [...(await answer.clone().text()).matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((found) => found[1]);
  const cache = await caches.open(kept);
  const there = (await cache.keys()).map((request) => new URL(request.url).pathname);
  await cache.addAll(files.filter((file) => !there.includes(file)));
  await cache.put(shell, answer);
  for (const path of there) if (path !== shell && !files.includes(path)) await cache.delete(path);
};

self.addEventListener("install", (event) => event.waitUntil(fresh().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => { if (event.data === "fresh") event.waitUntil(Promise.all([self.clients.claim(), fresh().catch(() => {})])); }); // claim: who was given up and registered again is not activated again
self.addEventListener("fetch", (event) => {
  const request = event.request, path = new URL(request.url).pathname;
  if (request.mode === "navigate" && request.method === "GET") {
    event.respondWith(fetch(request).catch(async () => (await caches.match(shell)) || Response.error()));
  } else if (path.startsWith("/static/")) {
    event.respondWith(caches.match(request).then((hit) => hit || fetch(request)));
  }
});
