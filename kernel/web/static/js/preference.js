// A choice of how the interface looks: shown at once, kept for the person where the server offers an address, else on this device.
import { send } from "./request.js";

export function keepChoice(element, name) {
  const root = document.documentElement;
  const mark = () => element.setAttribute(element.getAttribute("role") === "menuitemradio" ? "aria-checked" : "aria-pressed", String(root.dataset[name] === element.dataset.value));
  const choose = () => {
    root.dataset[name] = element.dataset.value;
    const url = element.dataset.url || document.body.dataset.preferences;
    try {
      url ? localStorage.removeItem(`fy-${name}`) : localStorage.setItem(`fy-${name}`, element.dataset.value);
    } catch { /* storage is closed to us: the choice holds for this page */ }
    if (url) {
      const form = new FormData();
      form.set(name, element.dataset.value);
      send(url, { method: "POST", form }).catch(() => {});
    }
    document.dispatchEvent(new CustomEvent("preference", { detail: { name, value: element.dataset.value } }));
  };
  element.addEventListener("click", choose);
  document.addEventListener("preference", mark);
  mark();
  return () => { element.removeEventListener("click", choose); document.removeEventListener("preference", mark); };
}
