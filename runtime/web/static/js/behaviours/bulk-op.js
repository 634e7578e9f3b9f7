// What to do to a field of many records: a cleared one needs no value.
import { listeners } from "../dom.js";

export default function bulkOp(element) {
  const { on, off } = listeners();
  const value = element.querySelector("[data-bulk-value]");
  const show = () => { value.hidden = element.querySelector("input[type=radio]:checked")?.value === "clear"; };
  on(element, "change", show);
  show();
  return off;
}
