// One tap fills a field: data-target (its id), data-value, and the button's words as label.
import { setValue, changed } from "../fields.js";

export default function suggest(button) {
  const act = () => {
    const control = document.getElementById(button.dataset.target);
    if (!control) return;
    setValue(control, button.dataset.value, button.textContent.trim());
    changed(control);
    (control.tomselect || control).focus();
  };
  button.addEventListener("click", act);
  return () => button.removeEventListener("click", act);
}
