// A button and its pop-over. data-menu-kind="dialog": any content (Tab moves); otherwise a menu (arrows move).
import { focusable, listeners } from "../dom.js";

let open = null;

export default function menu(root) {
  const button = root.querySelector("[data-menu-button]");
  const panel = root.querySelector("[data-menu-panel]");
  if (!button || !panel) return undefined;
  const asDialog = root.dataset.menuKind === "dialog" || panel.getAttribute("role") !== "menu";
  const { on, off } = listeners();
  const items = () => (asDialog ? focusable(panel) : [...panel.querySelectorAll("[role^=menuitem]")].filter((item) => item.getClientRects().length));

  // Keep the panel inside the window: to the other side, or above the button, when it would stick out.
  function place() {
    panel.style.removeProperty("inset-block");
    panel.style.removeProperty("inset-inline");
    if (matchMedia("(max-width: 767px)").matches) return;
    const box = panel.getBoundingClientRect();
    if (box.left < 8) panel.style.insetInline = "0 auto";
    else if (box.right > innerWidth - 8) panel.style.insetInline = "auto 0";
    const gap = button.getBoundingClientRect();
    if (box.bottom > innerHeight - 8 && gap.top > box.height + 16) panel.style.insetBlock = "auto calc(100% + 6px)";
  }
  function show(focus = 0) {
    if (open && open !== hide) open(false);
    open = hide;
    panel.hidden = false;
    // On phones it is a sheet over everything: in the top layer no sticky bar lies above it, wherever its button stands.
    if (matchMedia("(max-width: 767px)").matches && panel.showPopover) { panel.popover = "manual"; panel.showPopover(); }
    button.setAttribute("aria-expanded", "true");
    place();
    const all = items();
    if (focus !== null && all.length) all.at(focus).focus();
    else if (asDialog) { panel.tabIndex = -1; panel.focus(); }
  }
  function hide(refocus = true) {
    if (panel.hidden) return;
    if (panel.popover) { panel.hidePopover(); panel.popover = null; }
    panel.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (open === hide) open = null;
    if (refocus) button.focus();
  }

  on(button, "click", (event) => {
    event.preventDefault();
    panel.hidden ? show(asDialog ? null : event.detail === 0 ? 0 : null) : hide();
  });
  on(button, "keydown", (event) => {
    if (!panel.hidden || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation(); // or the panel would take the same key as its first move
    show(event.key === "ArrowDown" ? 0 : -1);
  });
  on(root, "keydown", (event) => {
    if (panel.hidden) return;
    if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); return hide(); }
    if (asDialog) return;
    const all = items(), index = all.indexOf(document.activeElement);
    const go = (to) => { event.preventDefault(); all[(to + all.length) % all.length]?.focus(); };
    if (event.key === "ArrowDown") go(index + 1);
    else if (event.key === "ArrowUp") go(index < 0 ? -1 : index - 1);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(-1);
    else if (event.key === "Tab") hide(false);
    else if (event.key.length === 1 && event.key !== " ") {
      const letter = event.key.toLowerCase();
      const found = [...all.slice(index + 1), ...all].find((item) => item.textContent.trim().toLowerCase().startsWith(letter));
      if (found) go(all.indexOf(found));
    }
  });
  on(panel, "click", (event) => {
    const item = event.target.closest("[role^=menuitem]");
    if (item && item.getAttribute("aria-disabled") !== "true") hide(!item.hasAttribute("data-dialog-open"));
  });
  on(document, "pointerdown", (event) => {
    if (!panel.hidden && (!root.contains(event.target) || (event.target === panel && event.offsetY < 0))) hide(false);
  });
  on(root, "focusout", (event) => {
    if (!panel.hidden && event.relatedTarget && !root.contains(event.relatedTarget)) hide(false);
  });
  return () => { off(); if (open === hide) open = null; };
}
