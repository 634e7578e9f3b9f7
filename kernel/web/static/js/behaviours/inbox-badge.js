// How many entries wait, wherever the frame shows it; what can't wait comes up over whatever is open.
// An address with ?seen=<notice> was opened from a phone or a mail: the page says that it was read. On the body (by the layout).
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
    const id = element?.querySelector("[data-inbox-read]")?.dataset.inboxRead;
    if (!id || !region || region.querySelector(`[data-inbox-read="${id}"]`)) return;
    // One at a time: the newest says how many there are.
    for (const older of region.querySelectorAll(".alert-popup")) older.remove();
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
  const read = (id) => {
    const form = new FormData();
    form.set("id", id);
    send(`${url}/read`, { method: "POST", form, keepalive: true }).catch(() => {});
  };
  // While it is on its way down: by the time it bubbles up, the pop-up is gone.
  on(document, "click", (event) => {
    const popup = event.target.closest?.("#toasts .alert-popup");
    if (!popup || !event.target.closest("[data-inbox-open], [data-toast-close]")) return;
    const id = popup.querySelector("[data-inbox-read]")?.dataset.inboxRead;
    if (id) read(id);
  }, { capture: true });
  const address = new URL(location.href), seen = address.searchParams.get("seen");
  if (seen) {
    read(seen);
    address.searchParams.delete("seen");
    history.replaceState(history.state, "", address);
  }
  return off;
}
