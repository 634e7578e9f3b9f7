// The box of a comment: Ctrl Enter sends, pasted files are attached, a quote comes in from a comment; after it was sent the next one can be typed.
import { listeners } from "../dom.js";
import { changed } from "../fields.js";

let sent = false; // the answer brings a new box: it takes the focus that the old one had

export default function recordComment(form) {
  const { on, off } = listeners();
  const area = form.querySelector("textarea");
  const editing = "editing" in form.dataset;
  if (sent || editing) {
    sent = false;
    form.dataset.opened = "";
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  }
  // Once open it stays so: a box that folds under the pointer would move what is being pressed.
  on(form, "focusin", () => { form.dataset.opened = ""; });
  on(form, "submit", () => { sent = !editing; });
  on(document, "htmx:response:error", () => { sent = false; });
  on(area, "keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
    else if (event.key === "Escape" && !event.defaultPrevented) { event.preventDefault(); editing ? form.querySelector("[data-cancel]")?.click() : area.blur(); }
  });
  // A screenshot from the clipboard goes where chosen files go.
  on(area, "paste", (event) => {
    const input = form.querySelector("[data-upload-input]");
    if (!event.clipboardData?.files.length || !input) return;
    event.preventDefault();
    input.files = event.clipboardData.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  if (!editing) on(document, "click", (event) => {
    const button = event.target.closest("[data-quote]");
    if (!button) return;
    const quoted = `> ${button.dataset.quoteWho}: ${button.dataset.quote}\n`;
    area.value = area.value ? `${area.value.trimEnd()}\n${quoted}` : quoted;
    changed(area);
    area.scrollIntoView({ block: "center" });
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  });
  return off;
}
