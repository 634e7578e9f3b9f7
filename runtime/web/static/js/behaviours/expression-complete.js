// A condition that somebody types: fields, functions and options that may stand at the caret, from the server (data-url), below the box.
// Arrows choose, Enter or Tab takes, Escape leaves, Ctrl Enter sends the form.
import { debounce, listeners, make } from "../dom.js";
import { send, withQuery } from "../request.js";

const WORD = /[\p{L}\p{N}_."]$/u;

export default function expressionComplete(box) {
  const { on, off } = listeners();
  const area = box.querySelector("textarea"), list = box.querySelector("[role=listbox]");
  let options = [], at = -1, controller = null;

  const before = () => area.value.slice(0, area.selectionStart);
  const points = (text) => Array.from(text).length; // the server counts code points
  const close = () => {
    search.cancel();
    controller?.abort();
    list.hidden = true;
    at = -1;
    area.setAttribute("aria-expanded", "false");
    area.removeAttribute("aria-activedescendant");
  };
  function mark(index) {
    at = index;
    [...list.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === at)));
    const item = list.children[at];
    if (item) { area.setAttribute("aria-activedescendant", item.id); item.scrollIntoView({ block: "nearest" }); }
  }
  function show(found) {
    options = found;
    if (!options.length) { close(); return; }
    list.replaceChildren(...options.map((option, n) => make("li", { id: `${list.id}-${n}`, role: "option", class: "mention-option", "aria-selected": "false", "data-index": n },
      make("span", { class: "mono" }, option.insert), option.text === option.insert ? null : make("span", {}, option.text), make("span", { class: "meta" }, option.note))));
    list.hidden = false;
    area.setAttribute("aria-expanded", "true");
    mark(0);
  }
  function take(option) {
    const head = Array.from(before()).slice(0, option.start).join("") + option.insert;
    area.value = head + area.value.slice(area.selectionStart);
    area.setSelectionRange(head.length, head.length);
    close();
    area.focus();
  }
  const search = debounce(() => {
    controller?.abort();
    controller = new AbortController();
    send(withQuery(box.dataset.url, { text: area.value, at: points(before()) }), { signal: controller.signal })
      .then((answer) => { if (WORD.test(before()) && document.activeElement === area) show(answer.options || []); })
      .catch((error) => { if (error.name !== "AbortError") close(); });
  }, 150);
  const look = () => (WORD.test(before()) ? search() : close());

  on(area, "input", (event) => { if (!event.isComposing) look(); });
  on(area, "compositionend", look);
  on(area, "blur", () => setTimeout(close, 150)); // a press on an option comes first
  on(area, "keydown", (event) => {
    if (event.isComposing) return;
    const stop = () => { event.preventDefault(); event.stopImmediatePropagation(); };
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { stop(); area.form?.requestSubmit(); return; }
    if (list.hidden) return;
    if (event.key === "Escape") { stop(); close(); }
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") { stop(); mark((at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length); }
    else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) { stop(); take(options[at]); }
  }, { capture: true });
  on(list, "pointerdown", (event) => {
    const item = event.target.closest("[data-index]");
    if (!item) return;
    event.preventDefault();
    take(options[Number(item.dataset.index)]);
  });
  return () => { off(); close(); };
}
