// "3 of 8 left": counts what is required now and has no value yet; a click goes to the next one. Sections show their own count.
import { debounce, listeners } from "../dom.js";
import { t } from "../text.js";
import { wrappers, isShown, isMissing, focusField } from "../fields.js";

export default function formProgress(button) {
  const { on, off } = listeners();
  const form = button.closest("form") || document.getElementById(button.dataset.form || "") || document.querySelector("form[data-form]");
  if (!form) return off;
  const words = button.querySelector("[data-progress-text]"), ring = button.querySelector(".ring-used");
  const required = () => wrappers(form).filter((wrapper) => wrapper.hasAttribute("data-required") && isShown(wrapper));

  function show() {
    const all = required(), left = all.filter(isMissing);
    words.textContent = !all.length ? "" : left.length ? t("required_left", { n: left.length, all: all.length }) : t("required_done");
    button.classList.toggle("is-done", !left.length);
    if (ring) ring.setAttribute("stroke-dasharray", `${all.length ? ((all.length - left.length) / all.length) * 100 : 100} 100`);
    for (const section of form.querySelectorAll("[data-section]")) {
      const place = section.querySelector("[data-section-left]");
      const n = left.filter((wrapper) => section.contains(wrapper)).length;
      if (place) place.textContent = n && !section.open ? t("section_left", { n }) : "";
    }
    for (const wrapper of form.querySelectorAll(".is-missing")) if (!isMissing(wrapper)) wrapper.classList.remove("is-missing");
    form.dispatchEvent(new CustomEvent("form:progress", { detail: { left: left.length, all: all.length } }));
  }
  const soon = debounce(show, 60);
  for (const type of ["input", "change", "form:changed", "upload:done", "live:applied"]) on(form, type, soon);
  on(form, "toggle", soon, { capture: true });
  on(button, "click", () => {
    const left = wrappers(form).filter(isMissing);
    for (const wrapper of left) wrapper.classList.add("is-missing");
    const here = left.findIndex((wrapper) => wrapper.contains(document.activeElement));
    if (left.length) focusField(left[(here + 1) % left.length]);
  });
  show();
  return () => { off(); soon.cancel(); };
}
