// Line numbers beside a text that does not wrap; bad lines are marked, and [data-go-line] anywhere on the page leads to a line.
import { listeners } from "../dom.js";

export default function lineEditor(element) {
  const { on, off } = listeners();
  const text = element.querySelector("textarea");
  const numbers = element.querySelector("[data-line-numbers]");
  let bad = new Set((text.dataset.badLines || "").trim().split(/\s+/).filter(Boolean).map(Number));
  let shown = -1;

  function draw() {
    const lines = text.value.split("\n").length;
    if (lines === shown) return;
    shown = lines;
    numbers.replaceChildren(...Array.from({ length: lines }, (_, index) => {
      const line = document.createElement("span");
      line.textContent = String(index + 1);
      if (bad.has(index + 1)) line.className = "is-bad";
      return line;
    }));
    follow();
  }
  const follow = () => { numbers.scrollTop = text.scrollTop; };

  function go(line) {
    const before = text.value.split("\n").slice(0, line - 1);
    const start = before.reduce((sum, each) => sum + each.length + 1, 0);
    const end = text.value.indexOf("\n", start);
    text.focus();
    text.setSelectionRange(start, end < 0 ? text.value.length : end);
    const height = parseFloat(getComputedStyle(text).lineHeight);
    text.scrollTop = Math.max(0, (line - 4) * height);
    element.scrollIntoView({ block: "nearest" });
  }

  on(text, "input", () => {
    // What was wrong may be mended or have moved: marks are only true for what was checked.
    if (bad.size) { bad = new Set(); shown = -1; }
    draw();
  });
  on(text, "scroll", follow);
  on(text, "keydown", (event) => {
    if (event.key !== "Tab" || event.shiftKey || event.ctrlKey || event.altKey || text.selectionStart !== text.selectionEnd) return;
    const column = text.selectionStart - text.value.lastIndexOf("\n", text.selectionStart - 1) - 1;
    // Tab indents inside a line that has begun; on an empty start it moves on, so that the keyboard is never caught.
    if (column === 0) return;
    event.preventDefault();
    text.setRangeText("  ", text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });
  on(document, "click", (event) => {
    const button = event.target.closest("[data-go-line]");
    if (button) go(Number(button.dataset.goLine));
  });
  draw();
  return off;
}
