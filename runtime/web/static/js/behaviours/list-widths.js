// Columns are drawn wider by their edge, or with the arrow keys on it. The widths are this person's own, in this view.
import { debounce, listeners, make } from "../dom.js";
import { send } from "../request.js";
import { t } from "../text.js";

const LEAST = 60, MOST = 900, STEP = 16;

export default function listWidths(root) {
  const { on, off } = listeners();
  const url = root.dataset.layoutUrl;
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const heads = [...root.querySelectorAll("thead th[data-key]")];
  const widths = new Map(heads.filter((th) => th.dataset.px).map((th) => [th, Number(th.dataset.px)]));
  const changed = new Map();

  function draw() {
    const rules = [...widths].map(([th, px]) => {
      const at = [...th.parentElement.children].indexOf(th) + 1;
      return `#${CSS.escape(root.id)} :is(thead tr, tr[id^="row-"]) > :nth-child(${at}) { width: ${px}px; min-width: ${px}px; max-width: ${px}px; }`;
    });
    sheet.replaceSync(rules.length ? `@media (min-width: 768px) { ${rules.join("\n")} }` : "");
    for (const [th, px] of widths) th.querySelector(".col-edge")?.setAttribute("aria-valuenow", px);
  }
  const keep = debounce(() => {
    if (!changed.size || !url) return;
    const data = { widths: Object.fromEntries(changed) };
    changed.clear();
    send(url, { method: "POST", data, keepalive: true }).catch(() => {});
  }, 500);
  function set(th, px) {
    const width = Math.round(Math.max(LEAST, Math.min(MOST, px)));
    widths.set(th, width);
    changed.set(th.dataset.key, width);
    draw();
    keep();
  }

  for (const th of heads) {
    const edge = make("span", {
      class: "col-edge", role: "separator", tabindex: "0", "aria-orientation": "vertical", "aria-valuemin": LEAST, "aria-valuemax": MOST,
      "aria-valuenow": Math.round(th.getBoundingClientRect().width), "aria-label": t("column_width", { label: th.textContent.trim() }),
    });
    th.append(edge);
    let start = null;
    on(edge, "pointerdown", (event) => {
      event.preventDefault();
      event.stopPropagation();
      edge.setPointerCapture(event.pointerId);
      start = { x: event.clientX, width: th.getBoundingClientRect().width, sign: getComputedStyle(th).direction === "rtl" ? -1 : 1 };
      root.classList.add("is-drawing");
    });
    on(edge, "pointermove", (event) => { if (start) set(th, start.width + start.sign * (event.clientX - start.x)); });
    const rest = () => { start = null; root.classList.remove("is-drawing"); };
    on(edge, "pointerup", rest);
    on(edge, "pointercancel", rest);
    on(edge, "click", (event) => event.stopPropagation());
    on(edge, "keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      event.preventDefault();
      event.stopPropagation();
      set(th, th.getBoundingClientRect().width + (event.key === "ArrowRight" ? STEP : -STEP));
    });
  }
  draw();
  return () => {
    off();
    keep.now();
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
    for (const edge of root.querySelectorAll(".col-edge")) edge.remove();
  };
}
