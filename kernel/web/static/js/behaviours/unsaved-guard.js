// Asks before unsaved input is left behind. Sets data-dirty on the form, which dialogs look at too.
import { listeners } from "../dom.js";

export default function unsavedGuard(form) {
  const { on, off } = listeners();
  const mark = (event) => { if (event.isTrusted !== false || event.type === "form:changed") form.dataset.dirty = ""; };
  on(form, "input", mark);
  on(form, "change", mark);
  on(form, "submit", () => { delete form.dataset.dirty; });
  on(form, "draft:saved", () => { delete form.dataset.dirty; });
  on(window, "beforeunload", (event) => { if ("dirty" in form.dataset && form.isConnected) event.preventDefault(); });
  return off;
}
