// Part of the service worker (classic script): shows what a push brings, and opens the right page on a press.
"use strict";

self.addEventListener("push", (event) => {
  event.waitUntil(show(read(event)));
});

function read(event) {
  try {
    return event.data ? event.data.json() : {};
  } catch {
    return {};
  }
}

function show(said) {
  const urgent = said.urgency === "high";
  // Every push must show something, or the browser takes the permission away.
  return self.registration.showNotification(String(said.title || self.FY.name), {
    body: String(said.body || ""),
    tag: String(said.tag || said.id || "fangyuan"),
    // The same cause again rings again only when it can't wait.
    renotify: urgent,
    requireInteraction: urgent,
    vibrate: urgent ? [200, 100, 200, 100, 400] : [120],
    silent: said.urgency === "low",
    icon: self.FY.icon,
    badge: self.FY.badge,
    lang: String(said.language || ""),
    data: { url: within(said.url), id: said.id },
  });
}

// Only pages of this workspace are opened, whatever a message says.
function within(url) {
  try {
    const target = new URL(url, self.registration.scope);
    return target.href.startsWith(self.registration.scope) ? target.href : self.registration.scope;
  } catch {
    return self.registration.scope;
  }
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.url || self.registration.scope));
});

async function open(url) {
  const pages = (await self.clients.matchAll({ type: "window", includeUncontrolled: true })).filter((page) => page.url.startsWith(self.registration.scope));
  const same = pages.find((page) => page.url === url);
  if (same) return same.focus();
  // A page that was looked at last may hold unsaved input: it is asked to go there only when it is out of sight.
  const free = pages.find((page) => page.visibilityState === "hidden");
  if (free) {
    try {
      await free.focus();
      return await free.navigate(url);
    } catch {
      // A page that this worker does not control can't be sent elsewhere.
    }
  }
  return self.clients.openWindow(url);
}
