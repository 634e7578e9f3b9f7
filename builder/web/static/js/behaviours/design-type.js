// Inputs that only some types of field have: [data-type-only="choice choices"] is shown while one of them is chosen.
import { listeners } from "../dom.js";

export default function designType(select) {
  const { on, off } = listeners();
  const form = select.form;
  const show = () => form.querySelectorAll("[data-type-only]").forEach((part) => {
    part.hidden = !part.dataset.typeOnly.split(" ").includes(select.value);
  });
  on(select, "change", show);
  show();
  return off;
}
