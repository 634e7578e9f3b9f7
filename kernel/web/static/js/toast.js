// A message that goes by itself. undo: an address to POST to, or a function; action: {label, run} for another thing to do about it.
import { make, icon } from "./dom.js";
import { t } from "./text.js";
import { announce } from "./announce.js";

const ICONS = { ontime: "circle-check", warning: "alert-triangle", breach: "alert-triangle" };

export function toast(text, { tone = "info", undo = null, action = null, seconds = null } = {}) {
  const region = document.getElementById("toasts");
  if (!region) return null;
  const close = make("button", { type: "button", class: "icon-btn icon-btn-small", "aria-label": t("close"), "data-toast-close": true }, icon("x"));
  const undoButton = undo ? make("button", { type: "button", class: "btn btn-link", "data-toast-undo": true }, t("undo")) : null;
  const actButton = action ? make("button", { type: "button", class: "btn btn-link", "data-toast-close": true, onclick: action.run }, action.label) : null;
  const element = make("div", { class: `toast toast-${tone}`, "data-behaviour": "toast", "data-seconds": seconds ?? (undo || action ? 10 : 5) },
    icon(ICONS[tone] || "info-circle"), make("span", { class: "grow" }, text), undoButton, actButton, close);
  if (undoButton) {
    if (typeof undo === "function") element.undo = undo;
    else element.dataset.undoUrl = undo;
  }
  region.append(element);
  announce(text, tone === "breach");
  return element;
}
