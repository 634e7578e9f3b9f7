// After a refused send: read it out, and let its links go to the fields (also inside closed sections and comboboxes).
import { focusField } from "../fields.js";

export default function errorSummary(box) {
  const go = (event) => {
    const link = event.target.closest("a[href^='#']");
    const target = link && document.getElementById(decodeURIComponent(link.getAttribute("href").slice(1)));
    if (!target) return;
    event.preventDefault();
    focusField(target.closest("[data-cell], [data-field]") || target);
  };
  box.addEventListener("click", go);
  box.focus();
  return () => box.removeEventListener("click", go);
}
