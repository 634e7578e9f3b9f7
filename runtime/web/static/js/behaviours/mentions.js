// "@" in a comment: people who may be meant, from the server, below the box. Who was chosen goes along as a hidden input, so that a
// name stays a name in the text. Arrows choose, Enter or Tab takes, Escape leaves; people who can't be named are shown with the reason.
import { debounce, listeners, make } from "../dom.js";
import { send, withQuery } from "../request.js";
import { announce } from "../announce.js";
import { t } from "../text.js";

const OPEN = /(^|[^0-9A-Za-z_@])@([^\s@]{0,30})$/;

export default function mentions(form) {
  const { on, off } = listeners();
  const area = form.querySelector("textarea"), list = form.querySelector("[role=listbox]"), chosen = form.querySelector("[data-mentions]");
  let options = [], at = -1, controller = null;

  const query = () => OPEN.exec(area.value.slice(0, area.selectionStart))?.[2] ?? null;
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
  const free = (from, by) => {
    for (let n = 1; n <= options.length; n += 1) {
      const index = (from + by * n + options.length * n) % options.length;
      if (!options[index].refused) return index;
    }
    return -1;
  };
  function show(found) {
    options = found;
    list.replaceChildren(...(options.length ? options.map((option, n) => make("li", {
      id: `${list.id}-${n}`, role: "option", class: "mention-option", "aria-selected": "false", "aria-disabled": option.refused ? "true" : false, "data-index": n },
    make("span", { class: "mention-name" }, option.text), option.note ? make("span", { class: "meta" }, option.note) : null))
      : [make("li", { class: "meta mention-none", role: "presentation" }, t("combo_none"))]));
    list.hidden = false;
    area.setAttribute("aria-expanded", "true");
    mark(options.length && !options[0].refused ? 0 : free(-1, 1));
  }
  function take(option) {
    if (!option || option.refused) { if (option) announce(`${option.text}: ${option.note}`); return; }
    const before = area.value.slice(0, area.selectionStart).replace(/@[^\s@]*$/, `@${option.text} `);
    const after = area.value.slice(area.selectionStart);
    area.value = before + after.replace(/^ /, "");
    area.setSelectionRange(before.length, before.length);
    chosen.append(make("input", { type: "hidden", name: "mention", value: option.value, "data-name": option.text }));
    close();
    area.focus();
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const search = debounce((q) => {
    controller?.abort();
    controller = new AbortController();
    send(withQuery(form.dataset.peopleUrl, { q }), { signal: controller.signal })
      .then((answer) => { if (query() !== null) show(answer.options || []); })
      .catch((error) => { if (error.name !== "AbortError") close(); });
  }, 150);
  const look = () => { const q = query(); q === null ? close() : search(q); };

  on(area, "input", (event) => { if (!event.isComposing) look(); });
  on(area, "compositionend", look);
  on(area, "click", () => { if (query() === null) close(); });
  on(area, "blur", () => setTimeout(close, 150)); // a press on an option comes first
  on(area, "keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    const stop = () => { event.preventDefault(); event.stopImmediatePropagation(); };
    if (event.key === "Escape") { stop(); close(); }
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") { stop(); const next = free(at, event.key === "ArrowDown" ? 1 : -1); if (next >= 0) mark(next); }
    else if ((event.key === "Enter" || event.key === "Tab") && at >= 0 && !event.ctrlKey && !event.metaKey) { stop(); take(options[at]); }
  }, { capture: true });
  on(list, "pointerdown", (event) => {
    const item = event.target.closest("[data-index]");
    if (!item) return;
    event.preventDefault();
    take(options[Number(item.dataset.index)]);
  });
  return () => { off(); close(); };
}
