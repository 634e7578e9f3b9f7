// Rows that came without controls (runtime/forms/undrawn.py): they send what they hold as they are, and get their controls when they
// come near, when the focus reaches them, or when somebody asks for one of them.
import { fill } from "./fields.js";
import { focusable } from "./dom.js";

const NEAR = "800px";

// blank(index) makes an empty row whose names hold that index.
export function draw(row, blank) {
  const fresh = blank(row.dataset.undrawn);
  const sent = new Map(), held = JSON.parse(row.dataset.held || "{}");
  for (const input of row.querySelectorAll(":scope > input[type=hidden]")) {
    const said = [input.value, input.dataset.label];
    sent.has(input.name) ? sent.get(input.name).push(said) : sent.set(input.name, [said]);
  }
  for (const cell of fresh.querySelectorAll("[data-cell]")) {
    const { words, markup } = held[cell.dataset.cell] || {};
    const output = cell.querySelector("output");
    if (words !== undefined && output) output.textContent = words;
    if (markup !== undefined) {
      // Mark-up of ours, printed by the same widget as in the first rows.
      const holder = document.createElement("template");
      holder.innerHTML = markup;
      const error = cell.querySelector(".field-error");
      while (error.previousElementSibling && !error.previousElementSibling.matches(".sr-only, .child-label")) error.previousElementSibling.remove();
      error.before(holder.content);
      for (const name of new Set([...cell.querySelectorAll("[name]")].map((control) => control.name))) sent.delete(name);
    }
  }
  const byName = new Map();
  for (const control of fresh.querySelectorAll("[name]")) byName.has(control.name) ? byName.get(control.name).push(control) : byName.set(control.name, [control]);
  for (const [name, said] of sent) fill(byName.get(name) || [], said);
  row.replaceChildren(...fresh.childNodes);
  row.classList.remove("child-undrawn");
  delete row.dataset.undrawn;
  delete row.dataset.held;
}

const told = (list) => list.dispatchEvent(new CustomEvent("rows:drawn", { bubbles: true }));
const isUndrawn = (row) => row.dataset.undrawn !== undefined;

// Draws what comes near; returns how to stop.
export function drawer(list, blank) {
  const waiting = [...list.children].filter(isUndrawn);
  if (!waiting.length) return () => {};
  const first = list.firstElementChild;
  // As high as the others, so that the page does not grow while somebody scrolls through it.
  if (first && !isUndrawn(first) && first.offsetHeight) list.style.setProperty("--row-height", `${first.offsetHeight}px`);
  const watcher = new IntersectionObserver((entries) => {
    const near = entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target);
    for (const row of near) { watcher.unobserve(row); if (isUndrawn(row)) draw(row, blank); }
    if (near.length) told(list);
  }, { rootMargin: `${NEAR} 0px` });
  for (const row of waiting) watcher.observe(row);
  // The keyboard's way: who tabs onto a row stands in its first control, or its last when coming from behind.
  const reach = (event) => {
    const row = event.target.closest?.("[data-undrawn]");
    if (!row || !event.target.matches("[data-child-draw]")) return;
    const back = event.relatedTarget && row.compareDocumentPosition(event.relatedTarget) & Node.DOCUMENT_POSITION_FOLLOWING;
    watcher.unobserve(row);
    draw(row, blank);
    told(list);
    const parts = focusable(row);
    (back ? parts.at(-1) : parts.find((part) => !part.matches("[data-child-grip], [data-child-remove]")) || parts[0])?.focus();
  };
  list.addEventListener("focusin", reach);
  return () => { watcher.disconnect(); list.removeEventListener("focusin", reach); };
}
