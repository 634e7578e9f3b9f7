// Done once: while the answer is on its way the button of the form says so and does nothing more.
import { listeners } from "../dom.js";

export default function bulkSend(form) {
  const { on, off } = listeners();
  const buttons = () => document.querySelectorAll(`button[form="${CSS.escape(form.id)}"]`);
  on(form, "submit", () => buttons().forEach((button) => { button.disabled = true; button.setAttribute("aria-busy", "true"); }));
  on(document, "htmx:after:request", () => buttons().forEach((button) => { button.disabled = false; button.removeAttribute("aria-busy"); }));
  return off;
}
