// Drag and drop between lists of one data-group, and the same by keyboard: Alt + arrows on a focused element.
// data-url gets POST {id, from, to, before}; a refusal puts the element back and says why. Listeners may cancel "sortable:over", and "sortable:moved" to see to the rest themselves.
import "../../vendor/sortable.min.js";
import { listeners } from "../dom.js";
import { send } from "../request.js";
import { toast } from "../toast.js";
import { announce } from "../announce.js";
import { t } from "../text.js";

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export default function sortable(list) {
  const { on, off } = listeners();
  const draggable = (item) => item && item.parentElement === list && !item.hasAttribute("data-no-drag");
  const title = (target) => target.closest("[aria-label]")?.getAttribute("aria-label") || "";

  async function moved(item, from, to, oldNext) {
    const detail = { id: item.dataset.id, from: from.dataset.list || "", to: to.dataset.list || "", before: item.nextElementSibling?.dataset.id || null, item, source: from, target: to, next: oldNext };
    if (!to.dispatchEvent(new CustomEvent("sortable:moved", { bubbles: true, cancelable: true, detail }))) return;
    const url = to.dataset.url;
    if (!url) return;
    const { id, from: fromKey, to: toKey, before } = detail, data = { id, from: fromKey, to: toKey, before };
    try {
      const answer = await send(url, { method: "POST", data });
      announce(t("moved", { place: title(to) }));
      item.dispatchEvent(new CustomEvent("sortable:saved", { bubbles: true, detail: answer }));
    } catch (error) {
      const focused = item.contains(document.activeElement) ? document.activeElement : null;
      from.insertBefore(item, oldNext && oldNext.parentElement === from ? oldNext : null);
      focused?.focus();
      toast(error.message || t("refused"), { tone: "warning", seconds: 8 });
      item.dispatchEvent(new CustomEvent("sortable:refused", { bubbles: true, detail: error.data }));
    }
  }

  let next = null;
  const group = list.dataset.group;
  const instance = new window.Sortable(list, {
    group: group ? { name: group, pull: list.dataset.clone !== undefined ? "clone" : true, put: list.dataset.noPut === undefined } : undefined,
    sort: list.dataset.noSort === undefined,
    handle: list.dataset.handle || undefined,
    filter: "[data-no-drag]",
    preventOnFilter: false,
    animation: still() ? 0 : 120,
    delay: 180, delayOnTouchOnly: true,
    emptyInsertThreshold: 24,
    onStart: (event) => { next = event.item.nextElementSibling; document.body.dispatchEvent(new CustomEvent("sortable:start", { detail: { item: event.item, list } })); },
    onMove: (event) => event.to.dispatchEvent(new CustomEvent("sortable:over", { bubbles: true, cancelable: true, detail: { item: event.dragged, to: event.to } })),
    onEnd: (event) => {
      document.body.dispatchEvent(new CustomEvent("sortable:end", { detail: { item: event.item } }));
      if (event.from !== event.to || event.oldIndex !== event.newIndex) moved(event.item, event.from, event.to, next);
    },
  });
  on(list, "keydown", (event) => {
    if (!event.altKey || !["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"].includes(event.key)) return;
    const item = [...list.children].find((child) => child.contains(event.target));
    if (!draggable(item)) return;
    event.preventDefault();
    const focused = event.target, oldNext = item.nextElementSibling;
    if (event.key === "ArrowUp" && item.previousElementSibling) item.previousElementSibling.before(item);
    else if (event.key === "ArrowDown" && item.nextElementSibling) item.nextElementSibling.after(item);
    else if (group && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      const lists = [...document.querySelectorAll(`[data-behaviour~=sortable][data-group="${CSS.escape(group)}"]`)];
      const target = lists[lists.indexOf(list) + (event.key === "ArrowRight" ? 1 : -1)];
      if (!target) return;
      target.prepend(item);
      focused.focus();
      return void moved(item, list, target, oldNext);
    } else return;
    focused.focus();
    moved(item, list, list, oldNext);
  });
  return () => { off(); instance.destroy(); };
}
