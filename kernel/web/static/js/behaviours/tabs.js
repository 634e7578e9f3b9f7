// Panels of one page. Arrows move, the chosen tab stays in the address (#panel) so that a reload keeps it.
import { listeners } from "../dom.js";

export default function tabs(list) {
  const { on, off } = listeners();
  const all = [...list.querySelectorAll("[role=tab]")];
  const panel = (tab) => document.getElementById(tab.getAttribute("aria-controls"));
  function choose(tab, focus = false, keep = true) {
    for (const other of all) {
      const active = other === tab;
      other.setAttribute("aria-selected", String(active));
      other.tabIndex = active ? 0 : -1;
      const shown = panel(other);
      if (shown) shown.hidden = !active;
    }
    if (focus) tab.focus();
    if (keep) history.replaceState(history.state, "", `#${tab.getAttribute("aria-controls")}`);
    tab.dispatchEvent(new CustomEvent("tab:chosen", { bubbles: true }));
  }
  on(list, "click", (event) => { const tab = event.target.closest("[role=tab]"); if (tab) choose(tab); });
  on(list, "keydown", (event) => {
    const index = all.indexOf(document.activeElement);
    const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || index < 0) return;
    event.preventDefault();
    choose(all[(to + all.length) % all.length], true);
  });
  const asked = all.find((tab) => `#${tab.getAttribute("aria-controls")}` === location.hash);
  if (asked) choose(asked, false, false);
  return off;
}
