// The inbox: what is opened counts as read before the page is left; arrows move from entry to entry.
import { listeners } from "../dom.js";
import { base, send } from "../request.js";

export default function inboxList(root) {
  const { on, off } = listeners();
  on(root, "click", (event) => {
    const link = event.target.closest("[data-inbox-open]");
    if (!link) return;
    const form = new FormData();
    form.set("id", link.dataset.inboxOpen);
    send(`${base()}/inbox/read`, { method: "POST", form, keepalive: true }).catch(() => {});
  });
  on(root, "keydown", (event) => {
    if (!["ArrowDown", "ArrowUp", "j", "k"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    const links = [...root.querySelectorAll(".inbox-row .task-title[href]")];
    const at = links.findIndex((link) => link.closest(".inbox-row").contains(document.activeElement));
    const next = links[at + (event.key === "ArrowDown" || event.key === "j" ? 1 : -1)];
    if (at >= 0 && next) { event.preventDefault(); next.focus(); }
  });
  return off;
}
