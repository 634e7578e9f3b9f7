// The board: columns that would take the card in hand are marked, closed ones say what is missing, and every move goes through here.
// A refused card goes back and says why; a stale one is shown as it is now; a step that asks for something opens its dialog.
import { icon, listeners, make } from "../dom.js";
import { send } from "../request.js";
import { toast } from "../toast.js";
import { announce } from "../announce.js";
import { t } from "../text.js";

const closedOf = (card) => { try { return JSON.parse(card.dataset.closed || "{}"); } catch { return {}; } };

export default function listBoard(board) {
  const { on, off } = listeners();
  const columnOf = (key) => board.querySelector(`[data-column="${CSS.escape(key)}"]`);
  const listOf = (key) => columnOf(key)?.querySelector(".board-cards");
  const cardOf = (id) => board.querySelector(`.board-card[data-id="${CSS.escape(id)}"]`);
  const label = (list) => list.closest("[aria-label]")?.getAttribute("aria-label") || "";
  const recount = () => window.htmx.trigger("#board-sums", "refresh");
  const openDialog = (url) => window.htmx.ajax("GET", url, { target: "#dialog-root", swap: "innerHTML" });

  function place(answer, card) {
    if (!answer || answer.card === undefined) return card;
    const list = answer.column === null ? null : listOf(answer.column);
    if (!list || !answer.card) { card?.remove(); return null; }
    const holder = document.createElement("template");
    holder.innerHTML = answer.card;
    const fresh = holder.content.querySelector(".board-card");
    const focused = card && card.contains(document.activeElement);
    if (card && card.parentElement === list) card.replaceWith(fresh);
    else { card?.remove(); list.prepend(fresh); }
    window.htmx.process(fresh);
    if (focused) fresh.querySelector("a")?.focus();
    return fresh;
  }

  async function move(card, to, back) {
    const target = listOf(to);
    if (!target) return;
    try {
      const answer = await send(board.dataset.moveUrl, { method: "POST", data: { id: card.dataset.id, to, version: Number(card.dataset.version) } });
      const fresh = place(answer, card);
      if (answer.message) toast(answer.message);
      if (answer.moved) announce(t("moved", { place: label(listOf(answer.column) || target) }));
      fresh?.dispatchEvent(new CustomEvent("board:moved", { bubbles: true }));
    } catch (error) {
      back();
      const data = error.data || {};
      if (data.stale) place(data, card);
      else if (data.asks && data.dialog) { openDialog(data.dialog); return; }
      const action = data.dialog ? { label: t("board_see"), run: () => openDialog(data.dialog) } : data.link ? { label: t("board_see"), run: () => location.assign(data.link) } : null;
      toast(error.message || t("refused"), { tone: "warning", seconds: 10, action });
    } finally {
      recount();
    }
  }

  on(document.body, "sortable:start", (event) => {
    const { item, list } = event.detail;
    if (!board.contains(item)) return;
    const open = (item.dataset.to || "").split(" "), closed = closedOf(item);
    board.classList.add("is-dragging");
    for (const column of board.querySelectorAll("[data-column]")) {
      if (column.contains(list)) continue;
      const key = column.dataset.column, free = open.includes("*") || open.includes(key);
      const lacking = closed[key];
      column.classList.add(free ? "is-open" : lacking ? "is-closed" : "is-none");
      if (free || !lacking) continue;
      column.querySelector(".board-cards").prepend(make("li", { class: "drop-notice", "data-no-drag": true },
        make("p", { class: "drop-title" }, icon("lock"), t("board_missing", { n: lacking.length })),
        make("ul", {}, ...lacking.map(([what, who]) => make("li", {}, icon("circle-dashed", 16), make("span", { class: "truncate" }, what), make("span", { class: "meta push" }, who)))),
        make("p", { class: "meta" }, t("board_stays"))));
    }
  });
  on(document.body, "sortable:end", () => {
    board.classList.remove("is-dragging");
    for (const notice of board.querySelectorAll(".drop-notice")) notice.remove();
    for (const column of board.querySelectorAll(".is-open, .is-closed, .is-none")) column.classList.remove("is-open", "is-closed", "is-none");
  });
  on(board, "sortable:moved", (event) => {
    // Order within a column is the list's own: only a change of column is an act.
    event.preventDefault();
    const { item, source, target, next, from, to } = event.detail;
    if (from === to) return;
    move(item, to, () => source.insertBefore(item, next && next.parentElement === source ? next : null));
  });
  // The way by the card's menu.
  on(document, "click", (event) => {
    const button = event.target.closest("[data-board-move]");
    if (!button) return;
    const card = cardOf(button.dataset.id);
    document.dispatchEvent(new CustomEvent("dialog-close"));
    if (card) move(card, button.dataset.boardMove, () => {});
  });
  // A step was taken in a dialog: the card lands where it is now.
  on(document, "card-moved", async (event) => {
    const id = event.detail?.id, card = id && cardOf(id);
    if (!card) return;
    place(await send(board.dataset.cardUrl.replace("~", encodeURIComponent(id))), card);
    recount();
  });
  return off;
}
