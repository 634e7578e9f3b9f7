// How a filter compares decides what is asked: a period, a day, or nothing at all for "is empty".
import { listeners } from "../dom.js";

export default function listFilterOp(select) {
  const { on, off } = listeners();
  const form = select.form, place = form?.querySelector("[data-filter-value]");
  if (!place) return off;
  const show = () => {
    const op = select.value;
    place.hidden = op === "blank" || op === "not_blank";
    for (const part of place.querySelectorAll("[data-for-op]")) {
      const fits = part.dataset.forOp.split(" ").includes(op);
      part.hidden = !fits;
      for (const control of part.querySelectorAll("input, select")) control.disabled = !fits;
    }
    for (const control of place.querySelectorAll(":scope > .form-field input, :scope > .form-field select")) control.disabled = place.hidden;
  };
  on(select, "change", show);
  show();
  return off;
}
