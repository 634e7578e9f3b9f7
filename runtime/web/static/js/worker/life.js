// Part of the service worker (classic script): a new version takes over at once; it keeps nothing that an old one needs.
"use strict";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
