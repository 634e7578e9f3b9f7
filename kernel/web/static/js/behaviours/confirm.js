// Asks before a destructive act: data-confirm (words), data-confirm-title, data-confirm-label; data-confirm-name must be typed.
import { make } from "../dom.js";
import { t } from "../text.js";

export function ask({ title, text, label, name }) {
  return new Promise((resolve) => {
    const input = name ? make("input", { type: "text", id: "confirm-name", autocomplete: "off", "aria-label": t("confirm_name", { name }) }) : null;
    const yes = make("button", { type: "submit", class: "btn btn-danger", value: "yes", disabled: Boolean(name) }, label || t("confirm"));
    const no = make("button", { type: "submit", class: "btn", value: "no", formnovalidate: true }, t("cancel"));
    const form = make("form", { method: "dialog" },
      make("div", { class: "dialog-head" }, make("h2", {}, title || t("confirm_title"))),
      make("div", { class: "dialog-body stack stack-3" }, text ? make("p", {}, text) : null,
        input ? make("label", { class: "stack stack-1" }, make("span", { class: "meta" }, t("confirm_name", { name })), make("span", { class: "control" }, input)) : null),
      make("div", { class: "dialog-foot" }, no, yes));
    const dialog = make("dialog", { class: "dialog dialog-small", role: "alertdialog" }, form);
    if (input) input.addEventListener("input", () => { yes.disabled = input.value.trim() !== name; });
    dialog.addEventListener("close", () => { resolve(dialog.returnValue === "yes"); dialog.remove(); });
    document.body.append(dialog);
    dialog.returnValue = "no";
    dialog.showModal();
    (input || no).focus();
  });
}

export default function confirm(element) {
  const type = element.tagName === "FORM" ? "submit" : "click";
  const { dataset } = element;
  const question = () => ask({ title: dataset.confirmTitle, text: dataset.confirm, label: dataset.confirmLabel, name: dataset.confirmName });
  let agreed = false;
  const stop = async (event) => {
    if (agreed) { agreed = false; return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    const submitter = event.submitter;
    if (!(await question())) return;
    agreed = true;
    if (type === "submit") element.requestSubmit(submitter || undefined);
    else element.click();
  };
  element.addEventListener(type, stop, true);
  return () => element.removeEventListener(type, stop, true);
}
