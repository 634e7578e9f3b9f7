// The rail: data-fold folds it to icons (desktop, remembered on this device); without it the button opens it as a drawer (phones).
import { focusable, listeners } from "../dom.js";

export default function rail(button) {
  const { on, off } = listeners();
  const root = document.documentElement;
  const panel = document.getElementById("rail");
  if (!panel) return off;
  if (button.hasAttribute("data-fold")) {
    const mark = () => button.setAttribute("aria-expanded", String(root.dataset.rail !== "folded"));
    on(button, "click", () => {
      if (root.dataset.rail === "folded") delete root.dataset.rail; else root.dataset.rail = "folded";
      try { localStorage.setItem("fy-rail", root.dataset.rail || "open"); } catch { /* only for this page then */ }
      mark();
    });
    mark();
    return off;
  }
  const close = (refocus = true) => {
    if (!root.hasAttribute("data-rail-open")) return;
    root.removeAttribute("data-rail-open");
    button.setAttribute("aria-expanded", "false");
    if (refocus) button.focus();
  };
  on(button, "click", () => {
    if (root.hasAttribute("data-rail-open")) return close();
    root.setAttribute("data-rail-open", "");
    button.setAttribute("aria-expanded", "true");
    (panel.querySelector("[aria-current]") || focusable(panel)[0])?.focus();
  });
  on(document, "click", (event) => { if (event.target.closest("[data-rail-close]")) close(false); });
  on(document, "keydown", (event) => {
    if (!root.hasAttribute("data-rail-open")) return;
    if (event.key === "Escape") close();
    if (event.key === "Tab") {
      const all = focusable(panel), edge = event.shiftKey ? all[0] : all.at(-1);
      if (document.activeElement === edge) { event.preventDefault(); (event.shiftKey ? all.at(-1) : all[0]).focus(); }
    }
  });
  return () => { off(); root.removeAttribute("data-rail-open"); };
}
