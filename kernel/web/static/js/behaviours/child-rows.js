// Rows of a sub-form: added from the template (__index__ becomes a number that was never used), removed with undo, moved by drag or Alt + arrows.
import "../../vendor/sortable.min.js";
import { listeners, focusable } from "../dom.js";
import { announce } from "../announce.js";
import { toast } from "../toast.js";
import { t } from "../text.js";
import { changed } from "../fields.js";
import { drawer } from "../rows.js";

export default function childRows(root) {
  const { on, off } = listeners();
  const list = root.querySelector("[data-child-list]"), template = root.querySelector("[data-child-template]");
  const add = root.querySelector("[data-child-add]"), empty = root.querySelector("[data-child-empty]");
  const min = Number(root.dataset.min || 0), max = Number(root.dataset.max || Infinity);
  const rows = () => [...list.querySelectorAll(":scope > [data-child-row]")];
  let next = rows().length + Number(root.dataset.next || 0);

  function show() {
    const n = rows().length;
    if (empty) empty.hidden = n > 0;
    if (add) add.setAttribute("aria-disabled", String(n >= max));
  }
  // Forms read rows in the order of [data-order] inputs where there are any; the page's order is the truth.
  function number() {
    rows().forEach((row, index) => { const order = row.querySelector("[data-order]"); if (order) order.value = index; });
    show();
    changed(root);
  }
  const markup = template.innerHTML;
  function blank(index) {
    const holder = document.createElement("template");
    holder.innerHTML = markup.replaceAll("__index__", String(index));
    return holder.content.firstElementChild;
  }
  const stop = drawer(list, blank);
  root.addRow = (focus = true) => {
    if (rows().length >= max) { toast(t("max_rows", { n: max }), { tone: "warning" }); return null; }
    const row = blank(next++);
    list.append(row);
    number();
    if (focus) focusable(row).find((element) => !element.matches("[data-child-grip], [data-child-remove]"))?.focus();
    return row;
  };
  if (add) on(add, "click", () => root.addRow());
  on(root, "click", (event) => {
    const button = event.target.closest("[data-child-remove]");
    const row = button?.closest("[data-child-row]");
    if (!row || row.parentElement !== list) return;
    if (rows().length <= min) { toast(t("min_rows", { n: min }), { tone: "warning" }); return; }
    const after = row.nextElementSibling;
    row.remove();
    number();
    (after?.querySelector("[data-child-remove]") || add)?.focus();
    toast(t("row_removed"), { undo: () => { list.insertBefore(row, after?.parentElement === list ? after : null); number(); } });
  });
  on(list, "keydown", (event) => {
    const row = event.target.closest("[data-child-row]");
    if (event.key === "Enter" && event.target.matches("input") && !event.isComposing && row === rows().at(-1) && !event.ctrlKey) {
      event.preventDefault();
      root.addRow();
      return;
    }
    const grip = event.target.closest("[data-child-grip]");
    if (!row || !(event.altKey || grip) || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    const other = event.key === "ArrowUp" ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    event.key === "ArrowUp" ? other.before(row) : other.after(row);
    event.target.focus();
    number();
    announce(t("row_moved", { n: rows().indexOf(row) + 1, all: rows().length }));
  });
  const sortable = add ? new window.Sortable(list, { handle: "[data-child-grip]", animation: 120, onEnd: number }) : null;
  show();
  return () => { off(); stop(); sortable?.destroy(); delete root.addRow; };
}
