// A tree by the usual keys: up and down move, right opens, left closes or goes to the parent, letters find.
import { listeners } from "../dom.js";

export default function tree(root) {
  const { on, off } = listeners();
  const shown = () => [...root.querySelectorAll("[role=treeitem]")].filter((item) => item.getClientRects().length);
  const go = (item) => {
    if (!item) return;
    root.querySelectorAll("[role=treeitem][tabindex='0']").forEach((other) => { other.tabIndex = -1; });
    item.tabIndex = 0;
    item.focus();
  };
  const toggle = (item, open) => { if (item.hasAttribute("aria-expanded")) item.setAttribute("aria-expanded", String(open)); };
  on(root, "click", (event) => {
    const item = event.target.closest("[role=treeitem]");
    if (!item) return;
    if (event.target.closest(".tree-toggle")) toggle(item, item.getAttribute("aria-expanded") !== "true");
    go(item);
  });
  on(root, "keydown", (event) => {
    const all = shown(), item = event.target.closest("[role=treeitem]"), index = all.indexOf(item);
    if (!item || event.target.closest("input, textarea")) return;
    const open = item.getAttribute("aria-expanded");
    const keys = {
      ArrowDown: () => go(all[index + 1]), ArrowUp: () => go(all[index - 1]), Home: () => go(all[0]), End: () => go(all.at(-1)),
      ArrowRight: () => (open === "false" ? toggle(item, true) : open === "true" && go(all[index + 1])),
      ArrowLeft: () => (open === "true" ? toggle(item, false) : go(item.parentElement.closest("[role=treeitem]"))),
      Enter: () => item.querySelector("a, button:not(.tree-toggle)")?.click(),
    };
    if (keys[event.key]) { event.preventDefault(); event.stopPropagation(); keys[event.key](); return; }
    if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
      const found = [...all.slice(index + 1), ...all].find((other) => other.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()));
      if (found) go(found);
    }
  });
  const items = [...root.querySelectorAll("[role=treeitem]")];
  items.forEach((item) => { item.tabIndex = -1; });
  const start = root.querySelector("[aria-selected='true']") || items[0];
  if (start) start.tabIndex = 0;
  return off;
}
