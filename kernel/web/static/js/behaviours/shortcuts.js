// Keys for the whole page: "?" lists them, "/" and Ctrl K search, "g" and a letter go somewhere ([data-shortcut="g d"]), others are the page's own.
// data-shortcut-for="selector" presses another element; data-shortcut-notes="[[keys, words]]" only stands in the list (a behaviour of its own acts).
import { make, listeners } from "../dom.js";
import { t } from "../text.js";

const typing = (target) => target.closest?.("input, textarea, select, [contenteditable], [role=textbox]");
const label = (element) => element.dataset.shortcutLabel || element.getAttribute("aria-label") || element.title || element.textContent.trim();

export default function shortcuts(root) {
  const { on, off } = listeners();
  let first = null;
  const all = () => [...root.querySelectorAll("[data-shortcut]")];

  const goal = (element) => (element.dataset.shortcutFor ? document.querySelector(element.dataset.shortcutFor) : element);

  const row = ([keys, words]) => make("div", {}, make("span", {}, words), make("span", { class: "row" }, ...keys.split(" ").map((key) => make("kbd", {}, key.length === 1 ? key.toUpperCase() : key))));
  const group = (title, rows) => (rows.length ? [make("h3", { class: "meta" }, title), make("div", { class: "shortcut-list" }, ...rows.map(row))] : []);

  function list() {
    document.querySelector("#shortcuts-dialog")?.remove();
    const known = all().filter(goal).map((element) => [element.dataset.shortcut, label(element)]);
    // What a part of the page knows itself: [[keys, words], ...].
    const notes = [...root.querySelectorAll("[data-shortcut-notes]")].flatMap((element) => JSON.parse(element.dataset.shortcutNotes));
    const close = make("button", { type: "button", class: "icon-btn", "aria-label": t("close"), "data-dialog-close": true }, "✕");
    const dialog = make("dialog", { class: "dialog", id: "shortcuts-dialog", "aria-labelledby": "shortcuts-title", "data-behaviour": "dialog", "data-open": true },
      make("div", { class: "dialog-head" }, make("h2", { id: "shortcuts-title", class: "grow" }, t("shortcuts")), close),
      make("div", { class: "dialog-body stack stack-3" },
        ...group(t("shortcut_page"), [...notes, ...known.filter(([keys]) => !keys.startsWith("g "))]),
        ...group(t("go_to"), known.filter(([keys]) => keys.startsWith("g "))),
        ...group(t("shortcut_everywhere"), [["Ctrl K", t("shortcut_search")], ["?", t("shortcut_help")]])));
    document.getElementById("dialog-root").append(dialog);
  }

  on(document, "click", (event) => { if (event.target.closest("[data-show-shortcuts]")) list(); });
  on(document, "keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return void document.dispatchEvent(new CustomEvent("palette:open"));
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) { first = null; return; }
    if (event.key === "?") { event.preventDefault(); return list(); }
    const field = event.key === "/" && root.querySelector("[data-list-search]");
    if (field) { event.preventDefault(); field.focus(); return void field.select(); }
    if (event.key === "/") { event.preventDefault(); return void document.dispatchEvent(new CustomEvent("palette:open")); }
    const sequence = first ? `${first} ${event.key.toLowerCase()}` : event.key.toLowerCase();
    const found = all().filter((element) => element.dataset.shortcut.toLowerCase() === sequence).map(goal).find(Boolean);
    first = null;
    if (found) { event.preventDefault(); found.click(); if (found.isConnected && !document.querySelector("dialog[open]")) found.focus?.(); return; }
    if (all().some((element) => element.dataset.shortcut.toLowerCase().startsWith(`${event.key.toLowerCase()} `))) {
      first = event.key.toLowerCase();
      setTimeout(() => { first = null; }, 1200);
    }
  });
  return off;
}
