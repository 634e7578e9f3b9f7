// "@" in a comment: people who may be meant, from the server, below the box. Who was chosen goes along as a hidden input, so that a
// name stays a name in the text. People who can't be named are shown with the reason.
import { listeners, make } from "../dom.js";
import { completion } from "../completion.js";
import { send, withQuery } from "../request.js";
import { announce } from "../announce.js";
import { t } from "../text.js";

const OPEN = /(^|[^0-9A-Za-z_@])@([^\s@]{0,30})$/;

export default function mentions(form) {
  const { on, off } = listeners();
  const area = form.querySelector("textarea"), list = form.querySelector("[role=listbox]"), chosen = form.querySelector("[data-mentions]");

  const query = () => OPEN.exec(area.value.slice(0, area.selectionStart))?.[2] ?? null;
  const { close, item } = completion(on, area, list, {
    wanted: () => query() !== null,
    ask: (signal) => send(withQuery(form.dataset.peopleUrl, { q: query() }), { signal }),
    show: (options) => (options.length
      ? options.map((option, n) => item(option, n, make("span", { class: "mention-name" }, option.text), option.note ? make("span", { class: "meta" }, option.note) : null))
      : [make("li", { class: "meta mention-none", role: "presentation" }, t("combo_none"))]),
    take(option) {
      if (!option || option.refused) { if (option) announce(`${option.text}: ${option.note}`); return; }
      const before = area.value.slice(0, area.selectionStart).replace(/@[^\s@]*$/, `@${option.text} `);
      const after = area.value.slice(area.selectionStart);
      area.value = before + after.replace(/^ /, "");
      area.setSelectionRange(before.length, before.length);
      chosen.append(make("input", { type: "hidden", name: "mention", value: option.value, "data-name": option.text }));
      close();
      area.focus();
      area.dispatchEvent(new Event("input", { bubbles: true }));
    },
  });
  on(area, "click", () => { if (query() === null) close(); });
  return () => { off(); close(); };
}
