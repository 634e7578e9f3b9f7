// A button that can't act now stays reachable and says why.
import { announce } from "../announce.js";
import { make } from "../dom.js";

export default function disabled(button) {
  let tip = null;
  const hide = () => { tip?.remove(); tip = null; };
  const stop = (event) => {
    if (button.getAttribute("aria-disabled") !== "true") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const why = button.title || button.dataset.why;
    if (!why) return;
    hide();
    tip = make("div", { class: "tip", role: "tooltip" }, why);
    document.body.append(tip);
    const box = button.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(box.left, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${box.top - tip.offsetHeight - 8 > 0 ? box.top - tip.offsetHeight - 8 : box.bottom + 8}px`;
    announce(why);
    setTimeout(hide, 4000);
  };
  button.addEventListener("click", stop, true);
  button.addEventListener("blur", hide);
  return () => { hide(); button.removeEventListener("click", stop, true); button.removeEventListener("blur", hide); };
}
