// Counts down to data-due. The text ticks without moving anything; a change of state is announced once. What the attributes say is
// read at every beat, so that a part of the page that is swapped in place goes on with its new moment.
import { tick, countdown, span } from "../time.js";
import { t } from "../text.js";
import { announce } from "../announce.js";

const TONES = ["tone-ontime", "tone-warning", "tone-breach"];

export default function clock(element) {
  if (Number.isNaN(Date.parse(element.dataset.due))) return undefined;
  const toneOf = () => TONES.find((tone) => element.classList.contains(tone))?.slice(5) || null;
  let due = null, state = null;

  return tick((now) => {
    const data = element.dataset, next = Date.parse(data.due);
    if (Number.isNaN(next)) return;
    if (next !== due) { due = next; state = toneOf(); }
    const started = Date.parse(data.started || ""), warns = Date.parse(data.warns || "");
    const left = (due - now) / 1000;
    const used = Number.isNaN(started) || due <= started ? null : Math.min(1, Math.max(0, (now - started) / (due - started)));
    const suffix = element.querySelector("[data-clock-suffix]");
    const plain = left <= 0 ? span(-left) : countdown(left, element.matches(".clock-fact, .task-first"));
    const text = left <= 0 && !suffix ? t("overdue", { time: plain }) : left > 0 && data.words === "left" ? t("time_left", { time: plain }) : plain;
    const words = element.querySelector("[data-clock-text]") || element;
    // What is far off and counted in working days says so, until its last day.
    if (words.textContent !== text && !(data.far && left > Number(data.far))) words.textContent = text;
    if (used !== null) {
      element.querySelector(".ring-used")?.setAttribute("stroke-dasharray", `${(used * 100).toFixed(1)} 100`);
      element.querySelector(".task-bar .bar-used")?.setAttribute("width", `${(used * 100).toFixed(1)}%`);
    }
    // The moment at which working time says that it begins to run out (data-warns), else a share of the whole; without either the
    // server's tone is trusted until the deadline itself passes.
    const short = !Number.isNaN(warns) ? now >= warns : used === null ? toneOf() === "warning" : used >= Number(data.warnAt || 75) / 100;
    const tone = left <= 0 ? "breach" : short ? "warning" : "ontime";
    if (tone !== toneOf()) {
      for (const target of [element, ...element.querySelectorAll(".ring, .bar")]) {
        target.classList.remove(...TONES);
        target.classList.add(`tone-${tone}`);
      }
      const said = element.querySelector("[data-clock-state]");
      if (said) said.textContent = t(`state_${tone}`);
    }
    if (suffix) {
      const after = tone === "breach" ? t("past_due") : t("left");
      if (suffix.textContent !== after) suffix.textContent = after;
    }
    if (tone === state) return;
    const before = state;
    state = tone;
    if (!before || tone === "ontime") return;
    element.dispatchEvent(new CustomEvent(`clock:${tone}`, { bubbles: true }));
    if (data.label) announce(tone === "breach" ? t("announce_breach", { label: data.label }) : t("announce_warning", { label: data.label, time: span(left) }), tone === "breach");
  });
}
