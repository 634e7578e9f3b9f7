// What a form field is to scripts: its wrapper [data-field], its controls, whether it holds a value.
export const wrappers = (form) => [...form.querySelectorAll("[data-field]")];
export const isShown = (wrapper) => !wrapper.closest("[hidden]") && !wrapper.closest("template");

export function isFilled(wrapper) {
  if (wrapper.querySelector("[data-child-row]")) return true;
  for (const control of wrapper.querySelectorAll("input, select, textarea")) {
    if (!control.name || control.closest("template")) continue;
    if (control.type === "checkbox" || control.type === "radio") { if (control.checked) return true; continue; }
    if (control.type === "file") { if (control.files.length) return true; continue; }
    if (control.multiple && control.options) { if (control.selectedOptions.length) return true; continue; }
    if (String(control.value).trim()) return true;
  }
  return false;
}

export const isMissing = (wrapper) => wrapper.hasAttribute("data-required") && isShown(wrapper) && !isFilled(wrapper);

export function focusField(wrapper) {
  for (let details = wrapper.closest("details:not([open])"); details; details = wrapper.closest("details:not([open])")) details.open = true;
  const control = wrapper.querySelector(".ts-control input, input:not([type=hidden]):not(.ts-hidden-accessible), select:not(.ts-hidden-accessible), textarea, button");
  wrapper.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  control?.focus({ preventScroll: true });
}

// Sets a control's value without a word: combobox, radio, checkbox, select, text.
function assign(control, value, label) {
  if (control.type === "checkbox" || control.type === "radio") control.checked = control.value === value || value === true;
  else if (control.tagName === "SELECT") {
    if (![...control.options].some((option) => option.value === value)) control.add(new Option(label || value, value));
    if (control.multiple) [...control.options].forEach((option) => { if (option.value === value) option.selected = true; });
    else control.value = value;
  } else control.value = value;
}

// Sets a control's value as if a person had.
export function setValue(control, value, label) {
  if (control.tomselect) {
    if (value && !control.tomselect.options[value]) control.tomselect.addOption({ value, text: label || value });
    if (control.multiple) control.tomselect.addItem(value); else control.tomselect.setValue(value);
    return;
  }
  assign(control, value, label);
  control.dispatchEvent(new Event("input", { bubbles: true }));
  control.dispatchEvent(new Event("change", { bubbles: true }));
}

// Fills the controls of one name, in the order of the page, with what they sent once: [[value, label], …] in the order in which they sent it.
export function fill(controls, sent, set = assign) {
  const left = [...sent];
  for (const control of controls) {
    if (control.type === "checkbox" || control.type === "radio") {
      const at = left.findIndex(([value]) => value === control.value);
      if (at < 0) { control.checked = false; continue; }
      const [[value]] = left.splice(at, 1);
      if (!control.checked) set(control, value);
    } else if (control.multiple && control.options) {
      for (const [value, label] of left.splice(0)) if (value !== "") set(control, value, label);
    } else if (left.length) set(control, ...left.shift());
  }
}

export const changed = (element) => element.dispatchEvent(new CustomEvent("form:changed", { bubbles: true }));
