// A part of the page whose buttons load it anew: the focus stays with the button that was pressed ([data-keep] names it for both), or,
// when that one is gone, goes to the one named by its [data-keep-else].
import { listeners } from "../dom.js";

const SOON = 8000; // ms; whoever has gone elsewhere by then is left alone

export default function keepFocus(root) {
  const { on, off } = listeners();
  let pressed = null;
  on(root, "click", (event) => {
    const part = event.target.closest("[data-keep]");
    pressed = part && { name: part.dataset.keep, other: part.dataset.keepElse, at: Date.now() };
  }, { capture: true });
  on(document, "pointerdown", (event) => { if (!root.contains(event.target)) pressed = null; });
  const named = (name) => name && root.querySelector(`[data-keep="${CSS.escape(name)}"]`);
  const watcher = new MutationObserver(() => {
    if (!pressed || document.activeElement !== document.body) return;
    const target = Date.now() - pressed.at < SOON && (named(pressed.name) || named(pressed.other));
    if (!target) return; // what was pressed may have gone before what follows it is there
    target.focus({ preventScroll: true });
    pressed = null;
  });
  watcher.observe(root, { childList: true, subtree: true });
  return () => { off(); watcher.disconnect(); };
}
