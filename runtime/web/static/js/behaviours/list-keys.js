// A list by keyboard: arrows go from row to row and from cell to cell, Enter opens, X selects, F2 (or Enter in a cell) edits or says why not.
import { listeners } from "../dom.js";

const CELL = "td[data-edit], td[data-closed]";
const typing = (target) => target.closest?.("input, textarea, select, [contenteditable], [role=textbox], .cell-form, [role=separator], [role=menu]");

export default function listKeys(root) {
  const { on, off } = listeners();
  const rows = () => [...root.querySelectorAll('tr[id^="row-"]')].filter((row) => row.getClientRects().length);
  const cells = (row) => [...row.querySelectorAll(CELL)].filter((cell) => cell.getClientRects().length);

  function focus(element) {
    if (!element) return;
    element.tabIndex = -1;
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  on(document, "keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const here = document.activeElement;
    // Elsewhere on the page the keys mean what they mean there; in a ticked box the arrows still go from row to row.
    if (here !== document.body && !root.contains(here)) return;
    if (typing(here) && !here.matches("[data-select-row]")) return;
    if (document.querySelector("dialog[open]")) return;
    const row = here.closest?.('tr[id^="row-"]'), cell = here.matches?.(CELL) ? here : null;
    const all = rows(), at = row ? all.indexOf(row) : -1;
    const go = (act) => { event.preventDefault(); act(); };
    const step = (by) => go(() => {
      const next = all[Math.max(0, Math.min(all.length - 1, at + by))] || all[0];
      if (cell && next) focus(cells(next).find((other) => other.cellIndex === cell.cellIndex) || next);
      else focus(next);
    });
    if (event.key === "ArrowDown" || event.key === "j") step(1);
    else if (event.key === "ArrowUp" || event.key === "k") step(at < 0 ? 0 : -1);
    else if (!row) return;
    else if (event.key === "ArrowRight") go(() => focus(cells(row)[cell ? cells(row).indexOf(cell) + 1 : 0] || cell || row));
    else if (event.key === "ArrowLeft") go(() => focus(cell ? cells(row)[cells(row).indexOf(cell) - 1] || row : row));
    else if (event.key === "x" || event.key === "X") { const box = row.querySelector("[data-select-row]"); if (box) go(() => box.click()); }
    else if (event.key === "F2" || (event.key === "Enter" && cell)) {
      const target = cell || row.querySelector("td[data-edit]") || cells(row)[0];
      if (target) go(() => target.dispatchEvent(new CustomEvent("cell:edit", { bubbles: true })));
    }
    else if (event.key === "Enter" && here === row) go(() => row.querySelector(".row-link")?.click());
  });
  return off;
}
