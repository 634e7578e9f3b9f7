// Nothing typed is lost: every pause keeps a copy on this device, and with data-draft-url one on the server (PUT {values}).
// A copy that was never sent is offered again when the form is opened the next time.
import { debounce, listeners, make } from "../dom.js";
import { send } from "../request.js";
import { t } from "../text.js";
import { clockTime, relative } from "../time.js";
import { fill, setValue, changed } from "../fields.js";

const KEEP_DAYS = 14;
const SKIP = new Set(["csrf_token", "_csrf", "password"]);

// [name, value, label] in the order of the form; files are ids in hidden inputs and come along.
function read(form) {
  const entries = [];
  for (const control of form.elements) {
    if (!control.name || SKIP.has(control.name) || control.type === "password" || control.type === "file" || control.type === "submit" || control.type === "button") continue;
    if ((control.type === "checkbox" || control.type === "radio") && !control.checked) continue;
    if (control.tagName === "SELECT") for (const option of control.selectedOptions) entries.push([control.name, option.value, option.textContent.trim()]);
    else entries.push([control.name, control.value]);
  }
  return entries;
}

function asValues(entries) {
  const values = {};
  for (const [name, value] of entries) values[name] = name in values ? [].concat(values[name], value) : value;
  return values;
}

function write(form, entries) {
  const names = new Set(entries.map(([name]) => name));
  // Rows that were added by hand: make as many as the copy has.
  for (const rows of form.querySelectorAll("[data-behaviour~=child-rows]")) {
    const prefix = rows.dataset.name;
    const wanted = new Set([...names].filter((name) => name.startsWith(`${prefix}-`)).map((name) => name.slice(prefix.length + 1).split("-")[0]));
    for (let n = rows.querySelectorAll("[data-child-row]").length; n < wanted.size && rows.addRow; n += 1) rows.addRow(false);
  }
  const sent = new Map();
  for (const [name, ...said] of entries) sent.has(name) ? sent.get(name).push(said) : sent.set(name, [said]);
  const held = new Map();
  for (const control of form.elements) {
    if (!control.name || SKIP.has(control.name) || control.type === "file") continue;
    if (names.has(control.name)) held.has(control.name) ? held.get(control.name).push(control) : held.set(control.name, [control]);
    else if (control.type === "checkbox" || control.type === "radio") control.checked = false;
  }
  // What already holds it is left alone: a copy of a thousand rows differs from the page in a few values.
  for (const [name, controls] of held) fill(controls, sent.get(name), (control, value, label) => { if (control.value !== value || control.multiple || control.type === "checkbox" || control.type === "radio") setValue(control, value, label); });
  changed(form);
}

export default function formDraft(form) {
  const { on, off } = listeners();
  const key = `fy-draft:${form.dataset.draftKey || location.pathname + location.search}`;
  const url = form.dataset.draftUrl;
  const state = form.querySelector("[data-draft-state]") || document.querySelector("[data-draft-state]");
  let touched = false, controller = null;

  const load = () => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };
  const drop = () => { try { localStorage.removeItem(key); } catch { /* nothing kept, nothing to drop */ } };
  const keep = (copy) => { try { localStorage.setItem(key, JSON.stringify(copy)); return true; } catch { return false; } };
  const say = (text) => { if (state) state.textContent = text; };

  const save = debounce(async () => {
    if (!form.isConnected) return;
    const entries = read(form), now = new Date();
    const local = keep({ at: now.getTime(), entries });
    if (!url) { if (local) say(t("draft_local", { time: clockTime(now) })); return; }
    controller?.abort();
    controller = new AbortController();
    try {
      const answer = await send(url, { method: "PUT", data: { values: asValues(entries) }, signal: controller.signal });
      const at = answer?.saved_at ? new Date(answer.saved_at) : now;
      say(t("draft_saved", { time: Number.isNaN(at.getTime()) ? answer.saved_at : clockTime(at) }));
      form.dispatchEvent(new CustomEvent("draft:saved", { bubbles: true }));
    } catch (error) {
      if (error.name === "AbortError") return;
      say(local ? t("draft_local", { time: clockTime(now) }) : t("failed"));
    }
  }, 800);

  const touch = () => { touched = true; save(); };
  for (const type of ["input", "change", "form:changed"]) on(form, type, touch);
  // Closing a tab gives no time for a request; the copy on this device is written at once.
  const leave = () => { if (touched && form.isConnected) { const kept = load(); if (!kept?.sent) keep({ at: Date.now(), entries: read(form) }); } };
  on(window, "pagehide", leave);
  on(document, "visibilitychange", () => { if (document.hidden) leave(); });
  // A page that comes after a send means that the server answered: the copy is marked now and dropped then.
  on(form, "submit", (event) => {
    save.cancel();
    if (!event.defaultPrevented) keep({ at: Date.now(), entries: read(form), sent: true });
  });
  const done = (event) => {
    const ctx = event.detail?.ctx;
    if (ctx?.sourceElement === form && ctx.response?.status < 400) { save.cancel(); touched = false; drop(); }
  };
  on(document, "htmx:after:request", done);
  on(document, "draft-done", drop);

  const copy = load();
  const fresh = copy && Date.now() - copy.at < KEEP_DAYS * 86400000;
  const refused = form.querySelector(".error-summary");
  if (copy && (!fresh || copy.sent)) { drop(); if (refused) touched = true; }
  else if (copy && !refused && !document.querySelector("[data-server-draft]") && JSON.stringify(copy.entries) !== JSON.stringify(read(form))) {
    const box = make("div", { class: "callout callout-draft", role: "status" },
      make("span", { class: "grow" }, t("draft_found", { time: relative(new Date(copy.at)) })),
      make("button", { type: "button", class: "btn btn-small", onclick: () => { box.remove(); write(form, copy.entries); } }, t("draft_restore")),
      make("button", { type: "button", class: "btn btn-small btn-quiet", onclick: () => { box.remove(); drop(); } }, t("draft_drop")));
    form.prepend(box);
  }
  return () => { leave(); off(); save.cancel(); controller?.abort(); };
}
