// Something that belongs to this record was made or linked in place: its list loads again, and what follows from it (path, values, timeline) is fetched
// without leaving the page. What is being edited stays as it is.
import { listeners } from "../dom.js";

export default function recordRefresh(body) {
  const { on, off } = listeners();
  async function refresh(entity) {
    for (const list of body.querySelectorAll("[data-related]")) if (!entity || list.dataset.related === entity) list.dispatchEvent(new CustomEvent("reload"));
    const answer = await fetch(location.pathname, { credentials: "same-origin" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const parts = ["record-head", "related-tabs", ...[...body.querySelectorAll(".field-row[id]")].map((row) => row.id)];
    if (!document.querySelector(".comment-form textarea:not(:placeholder-shown)")) parts.push("talk");
    for (const id of parts) {
      const old = document.getElementById(id), fresh = page.getElementById(id);
      if (!old || !fresh || old.matches(".field-row-edit") || old.innerHTML === fresh.innerHTML) continue;
      old.replaceWith(fresh);
      window.htmx?.process(fresh);
    }
  }
  // A combobox that asked for the new record takes it itself.
  on(document, "record-created", (event) => { if (!document.querySelector("[data-awaiting]")) refresh(event.detail?.entity); });
  on(document, "related-changed", (event) => refresh(event.detail?.entity));
  return off;
}
