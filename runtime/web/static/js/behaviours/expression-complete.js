// A condition that somebody types: fields, functions and options that may stand at the caret, from the server (data-url), below the box.
// Ctrl Enter sends the form.
import { listeners, make } from "../dom.js";
import { completion } from "../completion.js";
import { send, withQuery } from "../request.js";

const WORD = /[\p{L}\p{N}_."]$/u;

export default function expressionComplete(box) {
  const { on, off } = listeners();
  const area = box.querySelector("textarea"), list = box.querySelector("[role=listbox]");

  const before = () => area.value.slice(0, area.selectionStart);
  const points = (text) => Array.from(text).length; // the server counts code points
  on(area, "keydown", (event) => {
    if (event.isComposing || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    area.form?.requestSubmit();
  }, { capture: true });
  const { close, item } = completion(on, area, list, {
    wanted: () => WORD.test(before()) && document.activeElement === area,
    ask: (signal) => send(withQuery(box.dataset.url, { text: area.value, at: points(before()) }), { signal }),
    show: (options) => (options.length
      ? options.map((option, n) => item(option, n, make("span", { class: "mono" }, option.insert), option.text === option.insert ? null : make("span", {}, option.text), make("span", { class: "meta" }, option.note)))
      : null),
    take(option) {
      const head = Array.from(before()).slice(0, option.start).join("") + option.insert;
      area.value = head + area.value.slice(area.selectionStart);
      area.setSelectionRange(head.length, head.length);
      close();
      area.focus();
    },
  });
  return () => { off(); close(); };
}
