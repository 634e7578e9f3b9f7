// Counts down to data-due. The text ticks without moving anything; a change of state is announced once.
import { tick, countdown, span } from "../time.js";
import { t } from "../text.js";
import { announce } from "../announce.js";

const TONES = ["tone-ontime", "tone-warning", "tone-breach"];

export default function clock(element) {
  const due = Date.parse(element.dataset.due);
  if (Number.isNaN(due)) return undefined;
  const started = Date.parse(element.dataset.started || "");
  const warnAt = Number(element.dataset.warnAt || 75) / 100;
  // The moment at which working time says that it begins to run out; a share of the whole where nobody worked it out.
  const warns = Date.parse(element.dataset.warns || "");
  const words = element.querySelector("[data-clock-text]") || element;
  const suffix = element.querySelector("[data-clock-suffix]");
  const stateText = element.querySelector("[data-clock-state]");
  const ring = element.querySelector(".ring-used");
  let state = TONES.find((tone) => element.classList.contains(tone))?.slice(5) || null;
  let shown = null;

  const stop = tick((now) => {
    const left = (due - now) / 1000;
    const used = Number.isNaN(started) ? null : Math.min(1, Math.max(0, (now - started) / (due - started)));
    // Without a start we trust the server's tone until the deadline itself passes.
    const next = left <= 0 ? "breach" : !Number.isNaN(warns) ? (now >= warns ? "warning" : "ontime") : used === null ? (state === "breach" ? "ontime" : state || "ontime") : used >= warnAt ? "warning" : "ontime";
    const text = left <= 0 ? (suffix ? span(-left) : t("overdue", { time: span(-left) })) : countdown(left, element.classList.contains("clock-fact"));
    if (text !== shown) { words.textContent = text; shown = text; }
    if (ring && used !== null) ring.setAttribute("stroke-dasharray", `${(used * 100).toFixed(1)} 100`);
    if (next === state) return;
    const before = state;
    state = next;
    for (const target of [element, ...element.querySelectorAll(".ring")]) {
      target.classList.remove(...TONES);
      target.classList.add(`tone-${next}`);
    }
    if (stateText) stateText.textContent = t(`state_${next}`);
    if (suffix) suffix.textContent = next === "breach" ? t("past_due") : t("left");
    if (!before || next === "ontime") return;
    element.dispatchEvent(new CustomEvent(`clock:${next}`, { bubbles: true }));
    const label = element.dataset.label;
    if (label) announce(next === "breach" ? t("announce_breach", { label }) : t("announce_warning", { label, time: span(left) }), next === "breach");
  });
  return stop;
}
