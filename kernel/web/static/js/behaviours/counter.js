// "42 / 50", and while there is too little, how many characters to go. Characters as people count them, without outer spaces.
import { t } from "../text.js";

export default function counter(area) {
  const box = document.querySelector(`[data-counter-for="${CSS.escape(area.id)}"]`);
  if (!box) return undefined;
  const min = Number(area.dataset.min || 0), max = Number(area.dataset.max || 0);
  const words = box.querySelector("[data-counter-text]"), bar = box.querySelector(".bar-used");
  const show = () => {
    const n = [...area.value.trim()].length;
    const state = n < min ? "short" : max && n > max ? "over" : "good";
    box.dataset.state = state;
    if (bar) bar.setAttribute("width", `${min ? Math.min(100, (n / min) * 100) : 0}%`);
    words.textContent = state === "short" ? t("counter_left", { n: min - n }) : state === "over" ? t("counter_over", { n: n - max }) : max ? t("counter_of", { n, max }) : "";
  };
  area.addEventListener("input", show);
  show();
  return () => area.removeEventListener("input", show);
}
