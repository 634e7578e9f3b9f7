// One value in its editor: it has the focus, Escape gives up, Enter saves where Enter means nothing else.
import { listeners } from "../dom.js";

export default function recordInline(form) {
  const { on, off } = listeners();
  const control = form.querySelector(".ts-control input, .inline-control input:not([type=hidden]):not(.ts-hidden-accessible), .inline-control select, .inline-control textarea, .inline-control button");
  requestAnimationFrame(() => {
    control?.focus();
    if (control?.select && control.type !== "date" && control.type !== "datetime-local") control.select();
  });
  on(form, "keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) { event.preventDefault(); form.querySelector("[data-inline-cancel]")?.click(); }
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
  });
  return off;
}
