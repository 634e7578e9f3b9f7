// Values by keyboard: J and K (arrows once one has the focus) go from value to value, E opens the one in focus in place. After it was
// saved or given up the focus is back where it was.
import { listeners } from "../dom.js";

export default function recordKeys(body) {
  const { on, off } = listeners();
  const typing = (target) => target.closest?.("input, textarea, select, [contenteditable], [role=textbox], [role=menu], [role=listbox], [role=tablist]");
  const rows = () => [...body.querySelectorAll(".field-row")].filter((row) => row.getClientRects().length);
  const target = (row) => {
    const own = row.querySelector(".value-edit, dd > .value");
    if (own && !own.matches("button")) own.tabIndex = -1;
    return own;
  };
  let last = null; // key of the value that has, or had, the focus

  function move(by) {
    const all = rows();
    const here = document.activeElement.closest?.(".field-row") || all.find((row) => row.dataset.field === last && last !== null);
    const at = all.indexOf(here);
    const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by;
    const element = all[next] && target(all[next]);
    if (!element) return;
    element.focus();
    element.scrollIntoView({ block: "nearest" });
  }
  on(body, "focusin", (event) => { last = event.target.closest(".field-row")?.dataset.field ?? last; });
  on(document, "keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (typing(event.target)) return;
    const row = document.activeElement.closest?.(".field-row:not(.field-row-edit)");
    const key = event.key.toLowerCase();
    if (key === "j" || (row && event.key === "ArrowDown")) { event.preventDefault(); move(1); }
    else if (key === "k" || (row && event.key === "ArrowUp")) { event.preventDefault(); move(-1); }
    else if (key === "e" && row && body.contains(row)) {
      const edit = row.querySelector(".value-edit");
      if (edit) { event.preventDefault(); edit.click(); }
    }
  }, { capture: true });
  // The row that was edited comes back from the server as a new element.
  const watcher = new MutationObserver((records) => {
    if (document.activeElement !== document.body || last === null) return;
    for (const record of records) for (const node of record.addedNodes) {
      if (node.nodeType === Node.ELEMENT_NODE && node.matches(".field-row:not(.field-row-edit)") && node.dataset.field === last) target(node)?.focus();
    }
  });
  watcher.observe(body, { childList: true, subtree: true });
  return () => { off(); watcher.disconnect(); };
}
