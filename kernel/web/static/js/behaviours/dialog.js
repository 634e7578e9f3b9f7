// Native <dialog>: the browser keeps focus inside and gives it back; we add closing by the backdrop, by buttons and after success.
import { listeners } from "../dom.js";

export default function dialog(element) {
  const { on, off } = listeners();
  const before = document.activeElement;
  on(element, "click", (event) => {
    if (event.target.closest("[data-dialog-close]")) return element.close();
    // The backdrop belongs to the dialog: a press outside of its box closes, unless there is input to lose.
    if (event.target === element && !element.querySelector("form[data-dirty]")) {
      const box = element.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside) element.close();
    }
  });
  on(element, "close", () => {
    if (element.closest("#dialog-root")) {
      element.remove();
      // The browser has given the focus back when it closed; "close" comes later, and whoever took the focus since keeps it.
      if (before && before.isConnected && document.activeElement === document.body) before.focus();
    }
  });
  // HX-Trigger: dialog-close, after the server took what was sent.
  on(document, "dialog-close", () => element.open && element.close());
  if (element.hasAttribute("data-open") && !element.open) {
    element.showModal();
    const first = element.querySelector("[autofocus]") || element.querySelector(".dialog-body input:not([type=hidden]), .dialog-body select, .dialog-body textarea, .dialog-body button, .dialog-foot .btn");
    if (first) first.focus();
  }
  return off;
}
