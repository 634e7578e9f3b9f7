// How many entries wait, wherever the frame shows it; what can't wait comes up over whatever is open.
// data-url: the inbox. On the body (by the layout).
import { listeners } from "../dom.js";
import { announce } from "../announce.js";
import { send } from "../request.js";
import { t } from "../text.js";

export default function inboxBadge(body) {
  const url = body.dataset.inboxUrl;
  if (!url) return;
  const { on, off } = listeners();
  let known = Number(document.querySelector("[data-inbox-count]")?.textContent.replace("+", "") || 0);
  const popup = async () => {
    const response = await fetch(`${url}/popup`, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    if (response.status !== 200) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const element = page.querySelector(".alert-popup");
    const region = document.getElementById("toasts");
    if (!element || !region || region.querySelector(`[data-inbox-open="${element.querySelector("[data-inbox-open]")?.dataset.inboxOpen}"]`)) return;
    region.append(document.adoptNode(element));
    announce(element.textContent.trim().replace(/\s+/g, " "), true);
  };
  on(body, "live:inbox", (event) => {
    const { count, high } = event.detail;
    for (const place of document.querySelectorAll("[data-inbox-count]")) {
      place.textContent = count > 99 ? "99+" : String(count);
      place.hidden = !count;
    }
    if (count > known) announce(t("inbox_new", { n: count }));
    known = count;
    if (high) popup().catch(() => {});
  });
  on(document, "click", (event) => {
    const read = event.target.closest("#toasts [data-inbox-open], #toasts [data-inbox-read]");
    if (!read) return;
    const form = new FormData();
    form.set("id", read.dataset.inboxOpen || read.dataset.inboxRead);
    send(`${url}/read`, { method: "POST", form, keepalive: true }).catch(() => {});
  });
  return off;
}
