// Making elements without HTML strings: text stays text.
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (key === "class") element.className = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";
const sprite = new URL("../icons/icons.svg", import.meta.url).pathname;

export function icon(name, size = 18) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", size === 18 ? "icon" : `icon icon-${size}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${sprite}#${/^[\w-]+$/.test(name) ? name : "point-filled"}`);
  svg.append(use);
  return svg;
}

export function debounce(act, wait) {
  let timer;
  const later = (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...args), wait);
  };
  later.cancel = () => clearTimeout(timer);
  later.now = (...args) => { clearTimeout(timer); act(...args); };
  return later;
}

// Listeners that all go at once.
export function listeners() {
  const controller = new AbortController();
  return {
    on: (target, type, act, options = {}) => target.addEventListener(type, act, { ...options, signal: controller.signal }),
    off: () => controller.abort(),
  };
}

export const focusable = (root) =>
  [...root.querySelectorAll("a[href], button:not(:disabled), input:not(:disabled):not([type=hidden]), select:not(:disabled), textarea:not(:disabled), summary, [tabindex='0']")]
    .filter((element) => element.getClientRects().length > 0);
