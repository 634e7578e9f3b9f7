// Checkboxes of a list: all, ranges with Shift, and the bar of what can be done with them. Rows that load later take part.
import { listeners, make } from "../dom.js";
import { t } from "../text.js";
import { announce } from "../announce.js";

export default function rowSelection(root) {
  const { on, off } = listeners();
  const bar = document.querySelector(`[data-bulk-for="${CSS.escape(root.id)}"]`);
  const wholeButton = bar?.querySelector("[data-bulk-all]");
  let last = null, whole = false;
  const boxes = () => [...root.querySelectorAll("[data-select-row]")];
  const all = root.querySelector("[data-select-all]");

  function show() {
    const rows = boxes(), chosen = rows.filter((box) => box.checked);
    for (const box of rows) box.closest("tr")?.setAttribute("aria-selected", String(box.checked));
    if (all) { all.checked = rows.length > 0 && chosen.length === rows.length; all.indeterminate = chosen.length > 0 && !all.checked; }
    if (bar) {
      bar.hidden = !chosen.length;
      const every = rows.length > 0 && chosen.length === rows.length;
      whole = whole && every;
      bar.querySelector("[data-bulk-count]").textContent = whole ? t("selected_all") : t("selected", { n: chosen.length });
      if (wholeButton) wholeButton.hidden = whole || !every || !root.querySelector(".more-row");
      // The bar is a form: whatever its buttons send carries the ids, each with the version that was seen.
      for (const old of bar.querySelectorAll("input[name=ids], input[name=all]")) old.remove();
      if (whole) bar.append(make("input", { type: "hidden", name: "all", value: "1" }));
      else for (const box of chosen) {
        const version = box.closest("[data-version]")?.dataset.version;
        bar.append(make("input", { type: "hidden", name: "ids", value: version ? `${box.value}@${version}` : box.value }));
      }
    }
    root.dispatchEvent(new CustomEvent("selection:changed", { bubbles: true, detail: { ids: chosen.map((box) => box.value) } }));
  }
  on(root, "click", (event) => {
    const box = event.target.closest("[data-select-row]");
    if (!box) return;
    const rows = boxes();
    if (event.shiftKey && last && rows.includes(last)) {
      const [from, to] = [rows.indexOf(last), rows.indexOf(box)].sort((a, b) => a - b);
      for (const other of rows.slice(from, to + 1)) other.checked = box.checked;
    }
    last = box;
  });
  on(root, "change", (event) => {
    if (event.target === all) for (const box of boxes()) box.checked = all.checked;
    if (event.target.matches("[data-select-row], [data-select-all]")) { show(); announce(t("selected", { n: boxes().filter((box) => box.checked).length })); }
  });
  // A row may have been edited since it was ticked.
  if (bar) on(bar, "click", show, { capture: true });
  if (wholeButton) on(wholeButton, "click", () => { whole = true; show(); announce(t("selected_all")); });
  const clear = () => { for (const box of boxes()) box.checked = false; show(); };
  if (bar) on(bar, "click", (event) => { if (event.target.closest("[data-bulk-clear]")) { clear(); all?.focus(); } });
  on(root, "keydown", (event) => { if (event.key === "Escape") clear(); });
  const watcher = new MutationObserver(show);
  watcher.observe(root, { childList: true, subtree: true });
  show();
  return () => { off(); watcher.disconnect(); if (bar) bar.hidden = true; };
}
