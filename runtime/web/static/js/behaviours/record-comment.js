// The note is written in one line until somebody writes; after it was taken it is empty again.
import { listeners } from "../dom.js";

export default function recordComment(form) {
  const { on, off } = listeners();
  const area = form.querySelector("textarea");
  on(area, "keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); } });
  on(document, "htmx:after:request", (event) => {
    const ctx = event.detail?.ctx;
    if (ctx?.sourceElement === form && ctx.response?.status < 400) { form.reset(); area.dispatchEvent(new Event("input", { bubbles: true })); }
  });
  return off;
}
