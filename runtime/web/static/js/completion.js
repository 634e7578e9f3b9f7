// Options below a box in which somebody types: opened and closed, arrows choose, Enter or Tab takes, Escape leaves, a press takes.
// The caller says whether options are wanted, asks for them (with a signal), shows them as rows (null: none) and takes one.
import { debounce, make } from "./dom.js";

export function completion(on, area, list, { wanted, ask, show, take }) {
  let options = [], at = -1, controller = null;
  const open = (option) => option && !option.refused;

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
  // The next one that can be taken, from one end to the other.
  const free = (from, by) => {
    for (let n = 1; n <= options.length; n += 1) {
      const index = (from + by * n + options.length * n) % options.length;
      if (open(options[index])) return index;
    }
    return -1;
  };
  function fill(found) {
    options = found;
    const rows = show(options);
    if (!rows) { close(); return; }
    list.replaceChildren(...rows);
    list.hidden = false;
    area.setAttribute("aria-expanded", "true");
    mark(open(options[0]) ? 0 : free(-1, 1));
  }
  const search = debounce(() => {
    controller?.abort();
    controller = new AbortController();
    ask(controller.signal)
      .then((answer) => { if (wanted()) fill(answer.options || []); })
      .catch((error) => { if (error.name !== "AbortError") close(); });
  }, 150);
  const look = () => (wanted() ? search() : close());
  const item = (option, n, ...children) => make("li", {
    id: `${list.id}-${n}`, role: "option", class: "mention-option", "aria-selected": "false", "aria-disabled": option.refused ? "true" : false, "data-index": n }, ...children);

  on(area, "input", (event) => { if (!event.isComposing) look(); });
  on(area, "compositionend", look);
  on(area, "blur", () => setTimeout(close, 150)); // a press on an option comes first
  on(area, "keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    const stop = () => { event.preventDefault(); event.stopImmediatePropagation(); };
    if (event.key === "Escape") { stop(); close(); }
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") { stop(); const next = free(at, event.key === "ArrowDown" ? 1 : -1); if (next >= 0) mark(next); }
    else if ((event.key === "Enter" || event.key === "Tab") && at >= 0 && !event.ctrlKey && !event.metaKey) { stop(); take(options[at]); }
  }, { capture: true });
  on(list, "pointerdown", (event) => {
    const pressed = event.target.closest("[data-index]");
    if (!pressed) return;
    event.preventDefault();
    take(options[Number(pressed.dataset.index)]);
  });
  return { close, item };
}
