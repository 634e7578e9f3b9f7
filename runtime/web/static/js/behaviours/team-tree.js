// The tree of teams by keyboard: Alt + right puts a team below the one before it, Alt + left one level up. Dragging is sortable's.
// data-url gets POST {id, to}; a refusal says why and leaves the team where it was.
import { listeners } from "../dom.js";
import { send } from "../request.js";
import { toast } from "../toast.js";

export default function teamTree(root) {
  const { on, off } = listeners();

  const item = (element) => element?.closest(".team-item");

  async function move(one, to) {
    try {
      await send(root.dataset.url, { method: "POST", data: { id: one.dataset.id, to } });
    } catch (error) {
      toast(error.message, { tone: "breach" });
      return;
    }
    const target = to ? root.querySelector(`.team-list[data-list="${CSS.escape(to)}"]`) : root.querySelector(".team-list");
    target?.append(one);
    one.focus();
  }

  on(root, "keydown", (event) => {
    const one = event.target;
    if (!event.altKey || !one.matches?.(".team-item")) return;
    if (!["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"].includes(event.key)) return;
    // Before the lists themselves hear of it; teams stand by name, so there is nothing to reorder.
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "ArrowRight" && item(one.previousElementSibling)) move(one, one.previousElementSibling.dataset.id);
    else if (event.key === "ArrowLeft" && item(one.parentElement)) move(one, item(item(one.parentElement).parentElement)?.dataset.id || "");
  }, { capture: true });
  return off;
}
