// Whether this device may ring, and letting it: asked of the browser only after somebody pressed a button.
import { base, csrfToken, send } from "../js/request.js";

const KEY = `fy-push:${base()}`;

export const supported = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
// On iPhones and iPads only what was put on the home screen may ring.
export const apple = () => /iPhone|iPad/.test(navigator.userAgent) || (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1);
export const installed = () => matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;

const who = () => document.body.dataset.who || "";

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEY) || "null");
  } catch {
    return null;
  }
}

// off: not allowed yet or by nobody signed in here; on; denied: the browser was told to be quiet; install; unsupported
export async function state() {
  if (!supported()) return apple() && !installed() ? "install" : "unsupported";
  if (Notification.permission === "denied") return "denied";
  const registration = await navigator.serviceWorker.getRegistration(`${base()}/`);
  const device = await registration?.pushManager.getSubscription();
  const known = remembered();
  return Notification.permission === "granted" && device && known?.who === who() && known.session === csrfToken() ? "on" : "off";
}

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const equal = (buffer, key) => buffer && new Uint8Array(buffer).join() === key.join();

export async function letRing() {
  if ((await Notification.requestPermission()) !== "granted") return state();
  await subscribe();
  return "on";
}

async function subscribe() {
  const { key } = await send(`${base()}/push/key`, { method: "POST", data: {} });
  await navigator.serviceWorker.register(`${base()}/sw.js`, { scope: `${base()}/` });
  const registration = await navigator.serviceWorker.ready;
  let device = await registration.pushManager.getSubscription();
  if (device && !equal(device.options.applicationServerKey, bytes(key))) {
    await device.unsubscribe();
    device = null;
  }
  device ||= await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
  await send(`${base()}/push`, { method: "POST", data: device.toJSON() });
  localStorage.setItem(KEY, JSON.stringify({ who: who(), session: csrfToken(), endpoint: device.endpoint }));
}

export async function beQuiet() {
  localStorage.removeItem(KEY);
  await send(`${base()}/push/remove`, { method: "POST", data: {} });
  const registration = await navigator.serviceWorker.getRegistration(`${base()}/`);
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
}

// Whoever let this device ring and signed in anew, or whose browser got another address, hears it again without being asked.
export async function renew() {
  const known = remembered();
  if (!supported() || Notification.permission !== "granted" || !who() || known?.who !== who()) return;
  const registration = await navigator.serviceWorker.getRegistration(`${base()}/`);
  const device = await registration?.pushManager.getSubscription();
  if (known.session !== csrfToken() || known.endpoint !== device?.endpoint) await subscribe();
}
