// The board: columns that would take the card in hand are marked, a refused drop opens what the step asks for.
import { listeners } from "../dom.js";

export default function listBoard(board) {
  const { on, off } = listeners();
  on(document.body, "sortable:start", (event) => {
    const { item, list } = event.detail;
    if (!board.contains(item)) return;
    const open = (item.dataset.to || "").split(" ");
    for (const column of board.querySelectorAll("[data-column]")) {
      if (column.contains(list)) continue;
      column.classList.add(open.includes(column.dataset.column) ? "is-open" : "is-closed");
    }
  });
  on(document.body, "sortable:end", () => {
    for (const column of board.querySelectorAll(".is-open, .is-closed")) column.classList.remove("is-open", "is-closed");
  });
  // Order within a column is the list's own: only a change of column is an act.
  on(board, "sortable:moved", (event) => { if (event.detail.from === event.detail.to) event.preventDefault(); });
  on(board, "sortable:refused", (event) => {
    const url = event.detail?.dialog;
    if (url) window.htmx.ajax("GET", url, { target: "#dialog-root", swap: "innerHTML" });
  });
  on(board, "sortable:saved", (event) => {
    for (const list of board.querySelectorAll(".board-cards")) {
      const count = list.closest("[data-column]")?.querySelector(".count");
      if (count && /^\d+$/.test(count.textContent)) count.textContent = String(list.querySelectorAll(".board-card").length);
    }
    // The card's next step is another one now: what it said before no longer holds.
    event.target.querySelector(".board-missing")?.remove();
    event.target.querySelector(".dwell")?.remove();
  });
  return off;
}
