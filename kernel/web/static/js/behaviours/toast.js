// A message goes by itself, but not while somebody reads it (pointer or focus on it). data-seconds; without it, it stays.
import { listeners } from "../dom.js";
import { send } from "../request.js";
import { t } from "../text.js";
import { toast as show } from "../toast.js";

// A modal dialog covers the page, messages included, unless they are raised into the same layer after it.
function raise(region) {
  if (region?.id !== "toasts" || !region.showPopover || !document.querySelector("dialog:modal")) return;
  region.setAttribute("popover", "manual");
  if (region.matches(":popover-open")) region.hidePopover();
  region.showPopover();
}

export default function toast(element) {
  raise(element.parentElement);
  const { on, off } = listeners();
  let timer = null;
  const seconds = Number(element.dataset.seconds || 0);
  const stop = () => clearTimeout(timer);
  const go = () => { stop(); if (seconds) timer = setTimeout(() => element.remove(), seconds * 1000); };
  on(element, "pointerenter", stop);
  on(element, "pointerleave", go);
  on(element, "focusin", stop);
  on(element, "focusout", go);
  on(element, "keydown", (event) => { if (event.key === "Escape") element.remove(); });
  on(element, "click", async (event) => {
    if (event.target.closest("[data-toast-close]")) return element.remove();
    if (event.target.closest("[data-toast-undo]")) {
      const { undo } = element, url = element.dataset.undoUrl;
      // With hx-post on the button htmx sends by itself.
      if (!undo && !url) return setTimeout(() => element.remove(), 0);
      element.remove();
      try {
        await (undo ? undo() : send(url, { method: "POST" }));
        if (url) { show(t("undone"), { tone: "ontime" }); document.body.dispatchEvent(new CustomEvent("undone", { bubbles: true })); }
      } catch (error) {
        show(error.message || t("failed"), { tone: "breach" });
      }
    }
  });
  go();
  return () => { stop(); off(); };
}
