// Somebody wrote, changed or deleted a comment, or reacted: the timeline loads again as it is filtered. Where somebody is at work in
// it, a line says that there is news, and waits to be pressed.
import { listeners } from "../dom.js";

export default function timelineLive(timeline) {
  const { on, off } = listeners();
  const load = () => window.htmx?.ajax("GET", timeline.dataset.url, { target: "#timeline", swap: "outerHTML" });
  const busy = () => timeline.contains(document.activeElement) || timeline.querySelector(".comment-form, [data-menu-panel]:not([hidden]), details[open]");
  on(document.body, "live:record", (event) => {
    const { entity, id, kinds = [] } = event.detail || {};
    if (`${entity}/${id}` !== timeline.dataset.record || !kinds.some((kind) => kind.startsWith("comment_"))) return;
    if (!busy()) return load();
    timeline.querySelector("[data-news]").hidden = false;
  });
  on(timeline, "click", (event) => { if (event.target.closest("[data-news] button")) load(); });
  return off;
}
