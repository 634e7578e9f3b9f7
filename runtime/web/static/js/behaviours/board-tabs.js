// On a phone the columns of a board are tabs: a press scrolls to one, and a swipe marks the one that is shown.
import { listeners } from "../dom.js";

export default function boardTabs(tabs) {
  const { on, off } = listeners();
  const board = tabs.parentElement.querySelector(".board");
  if (!board) return off;
  const tabOf = (key) => tabs.querySelector(`[data-to-column="${CSS.escape(key)}"]`);
  const columns = [...board.querySelectorAll("[data-column]")];
  function mark(tab) {
    if (!tab || tab.hasAttribute("aria-current")) return;
    for (const other of tabs.querySelectorAll("[aria-current]")) other.removeAttribute("aria-current");
    tab.setAttribute("aria-current", "true");
    tabs.scrollTo({ left: tab.offsetLeft - tabs.clientWidth / 2 + tab.clientWidth / 2, behavior: "auto" });
  }
  on(tabs, "click", (event) => {
    const tab = event.target.closest("[data-to-column]");
    const column = tab && columns.find((c) => c.dataset.column === tab.dataset.toColumn);
    if (!column) return;
    board.scrollTo({ left: column.offsetLeft - board.offsetLeft - 16, behavior: "auto" });
    mark(tab);
  });
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) mark(tabOf(entry.target.dataset.column));
  }, { root: board, threshold: 0.6 });
  for (const column of columns) watcher.observe(column);
  return () => { off(); watcher.disconnect(); };
}
