// A long form, one section at a time. Going on checks what is required here; going back never asks.
import { listeners } from "../dom.js";
import { announce } from "../announce.js";
import { t } from "../text.js";
import { wrappers, isMissing, focusField } from "../fields.js";

export default function wizard(form) {
  const { on, off } = listeners();
  const steps = [...form.querySelectorAll("[data-section]")];
  const marks = [...form.querySelectorAll(".step")];
  const find = (name) => form.querySelector(`[data-wizard-${name}]`);
  let current = 0;
  function show(index, focus = true) {
    current = index;
    steps.forEach((step, i) => { step.hidden = i !== index; if (i === index && step.tagName === "DETAILS") step.open = true; });
    marks.forEach((mark, i) => {
      mark.className = `step step-${i < index ? "done" : i === index ? "current" : "todo"}`;
      i === index ? mark.setAttribute("aria-current", "step") : mark.removeAttribute("aria-current");
    });
    if (find("back")) find("back").hidden = index === 0;
    if (find("next")) find("next").hidden = index === steps.length - 1;
    if (find("finish")) find("finish").hidden = index !== steps.length - 1;
    if (!focus) return;
    steps[index].querySelector("input:not([type=hidden]), select, textarea")?.focus();
    announce(t("step_of", { n: index + 1, all: steps.length }));
  }
  on(form, "click", (event) => {
    if (event.target.closest("[data-wizard-next]")) {
      const missing = wrappers(steps[current]).find(isMissing);
      if (missing) { missing.classList.add("is-missing"); return focusField(missing); }
      show(Math.min(current + 1, steps.length - 1));
    }
    if (event.target.closest("[data-wizard-back]")) show(Math.max(current - 1, 0));
  });
  const wrong = steps.findIndex((step) => step.querySelector(".has-error"));
  show(wrong < 0 ? 0 : wrong, false);
  return () => { off(); steps.forEach((step) => { step.hidden = false; }); };
}
