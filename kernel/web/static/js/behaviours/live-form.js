// The rules of a form, live: shown, required, read-only, computed, defaults. Works out what it can alone (js/expr.js) and asks the
// server for the rest; the server enforces all of it again when the form is sent.
import { evaluate } from "../expr.js";
import { debounce, listeners } from "../dom.js";
import { csrfToken } from "../request.js";
import { setValue } from "../fields.js";

const esc = (name) => CSS.escape(name);
const holds = (value) => value === true || (value !== null && typeof value === "object" && "error" in value);

// "2026-03-01T09:30" of a zone as an instant: the offset of that zone at about that moment.
function instant(local, zone) {
  if (!local) return null;
  const guess = new Date(`${local}Z`);
  if (Number.isNaN(guess.getTime())) return null;
  const shown = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" }).format(guess).replace(" ", "T");
  return new Date(guess.getTime() * 2 - new Date(`${shown}Z`).getTime()).toISOString();
}

// Numbers as people type them: separators, full-width digits, 万 and 亿. What is more than that waits for the server.
function number(text) {
  const plain = String(text ?? "").normalize("NFKC").trim().replace(/[, '¥$€£]/g, "").replace(/元$/, "");
  const match = /^(-?)(\d*)(?:\.(\d*))?(万|亿)?$/.exec(plain);
  if (!match || !(match[2] || match[3])) return null;
  const shift = { 万: 4, 亿: 8 }[match[4]] || 0;
  const places = (match[3] || "").padEnd(shift, "0");
  return `${match[1]}${match[2] || "0"}${places.slice(0, shift)}.${places.slice(shift) || "0"}`;
}

const shift = (text, by) => {
  const [whole, places = ""] = text.replace("-", "").split(".");
  const sign = text.startsWith("-") ? "-" : "";
  if (by > 0) { const filled = places.padEnd(by, "0"); return `${sign}${whole}${filled.slice(0, by)}.${filled.slice(by) || "0"}`; }
  const padded = whole.padStart(1 - by, "0");
  return `${sign}${padded.slice(0, by) || "0"}.${padded.slice(by)}${places}`;
};

// Digits grouped and rounded (half away from zero) as the server prints them.
function grouped(text, places, trim) {
  const negative = text.startsWith("-");
  const [whole, rest = ""] = text.replace("-", "").split(".");
  let digits = BigInt((whole || "0") + rest.padEnd(places, "0").slice(0, places));
  if ((rest[places] || "0") >= "5") digits += 1n;
  const all = digits.toString().padStart(places + 1, "0");
  const left = (places ? all.slice(0, -places) : all).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  let right = places ? all.slice(-places) : "";
  if (trim) right = right.replace(/0+$/, "");
  return `${negative && digits ? "-" : ""}${left}${right ? `.${right}` : ""}`;
}

export default function liveForm(form) {
  const { on, off } = listeners();
  const block = form.querySelector("[data-live-program]");
  if (!block) return off;
  const program = JSON.parse(block.textContent);
  const results = new Map();
  const touched = new Set();
  let controller = null, asked = "", last = null;

  const wrapper = (key) => form.querySelector(`[data-field="${esc(key)}"]`);
  // While the rules are worked out no control comes or goes: all of them are found once, however many rows ask for theirs.
  let byName = null;
  const controls = (name) => byName ? byName.get(name) || [] : [...form.querySelectorAll(`[name="${esc(name)}"]`)].filter((control) => !control.closest("template"));
  function named() {
    const found = new Map();
    for (const control of form.querySelectorAll("[name]")) {
      if (control.closest("template")) continue;
      found.has(control.name) ? found.get(control.name).push(control) : found.set(control.name, [control]);
    }
    return found;
  }
  const words = (name) => {
    const list = controls(name);
    return list.filter((c) => ((c.type === "checkbox" || c.type === "radio") ? c.checked : true))
      .flatMap((c) => (c.multiple && c.options ? [...c.selectedOptions].map((o) => o.value) : [c.value]));
  };

  function read(name, spec) {
    const texts = words(name), filled = texts.filter((text) => text !== "");
    switch (spec.type) {
      case "integer": case "decimal": case "rating": return number(filled[0]);
      case "money": return number(texts[0]);
      case "percent": { const found = number(filled[0]?.replace("%", "")); return found === null ? null : shift(found, -2); }
      case "boolean": return filled.length ? filled.at(-1) === "1" : spec.look === "switch" && texts.length ? false : null;
      case "choices": case "references": case "files": case "images": return filled.length ? filled : null;
      case "datetime": return instant(filled[0], program.reader_zone);
      default: return filled[0]?.trim() || null;
    }
  }

  let byRows = null;
  const indexes = (key) => {
    if (!byRows) return listed(key);
    if (!byRows.has(key)) byRows.set(key, listed(key));
    return byRows.get(key);
  };
  const listed = (key) => {
    const list = form.querySelector(`[data-behaviour~=child-rows][data-name="${esc(key)}"] [data-child-list]`);
    return list ? [...list.children].map((row) => {
      const id = row.querySelector("[name$='-_id']");
      return id ? id.name.slice(key.length + 1, -4) : null;
    }).filter((index) => index !== null) : [];
  };

  const env = {
    now: program.now, zone: program.zone,
    get(path) {
      if (results.has(path[0]) && path.length === 1) return results.get(path[0]);
      const known = program.fixed[path.join(".")];
      if (known !== undefined) return known;
      const spec = program.fields[path[0]];
      if (!spec) return null;
      return spec.type === "rows" ? indexes(path[0]) : read(path[0], spec);
    },
    rows(path) { return indexes(path[0]).map((index) => rowEnv(path[0], index)); },
  };
  function rowEnv(key, index) {
    return {
      now: program.now, zone: program.zone,
      get(path) {
        if (path[0] === "parent") return env.get(path.slice(1));
        const known = program.fixed[path.join(".")];
        if (known !== undefined) return known;
        const spec = program.rows[key]?.[path[0]];
        if (!spec) return null;
        return spec.value ? evaluate(spec.value, this) : read(`${key}-${index}-${path[0]}`, spec);
      },
      rows: () => [],
    };
  }

  function text(value, shown) {
    if (value === null || value === undefined || typeof value === "object" && "error" in value) return "—";
    switch (shown.as) {
      case "number": return grouped(value, shown.places, shown.trim) + (shown.unit ? ` ${shown.unit}` : "");
      case "percent": return `${grouped(shift(value, 2), shown.places, true)}%`;
      case "money": return `¥${grouped(value, shown.places, false)}`.replace("¥-", "-¥");
      case "choice": return shown.labels[value] ?? value;
      case "boolean": return value ? (program.language === "zh" ? "是" : "Yes") : (program.language === "zh" ? "否" : "No");
      default: return String(value);
    }
  }

  function lock(box, locked) {
    if (box.hasAttribute("data-locked") === locked) return;
    box.toggleAttribute("data-locked", locked);
    const why = box.querySelector(":scope > .form-label > [data-why]");
    if (why) why.hidden = !locked;
    // Inert parts are still sent, unlike disabled ones; the server compares and refuses a change.
    for (const part of box.querySelectorAll(":scope > .control, :scope > .choices, :scope > .ts-wrapper, :scope > .upload, :scope > .switch, :scope > .rating, :scope > .child-rows, :scope > .control-pair, :scope > .address-entry")) part.inert = locked;
  }
  function apply(box, { shown, required, read_only: locked }) {
    if (!box) return;
    if (shown !== undefined && box.hidden === shown) box.hidden = !shown;
    if (required !== undefined && box.hasAttribute("data-required") !== required) {
      box.toggleAttribute("data-required", required);
      const mark = box.querySelector("[data-required-mark]");
      if (mark) mark.hidden = !required;
    }
    if (locked !== undefined) lock(box, locked);
  }
  function say(key, words_) {
    const output = form.querySelector(`[data-output="${esc(key)}"]`);
    if (output && output.textContent !== words_) output.textContent = words_;
  }

  function judge(spec, at) {
    const said = {};
    if (spec.show) said.shown = holds(evaluate(spec.show, at));
    if (spec.require) said.required = spec.required || evaluate(spec.require, at) === true;
    if (spec.read_only) said.read_only = evaluate(spec.read_only, at) === true;
    return said;
  }

  function work() {
    byName = named();
    byRows = new Map();
    try { workOut(); } finally { byName = byRows = null; }
  }
  function workOut() {
    results.clear();
    for (const [key, tree] of Object.entries(program.computed)) {
      const value = evaluate(tree, env);
      results.set(key, value !== null && typeof value === "object" && "error" in value ? null : value);
      if (tree.shown.as !== "server") say(key, text(value, tree.shown));
    }
    for (const [key, spec] of Object.entries(program.fields)) {
      if (spec.default && !touched.has(key)) suggest(key, spec);
      if (spec.show || spec.require || spec.read_only) apply(wrapper(key), judge(spec, env));
    }
    for (const [id, tree] of Object.entries(program.parts)) {
      const part = document.getElementById(id);
      if (part) part.hidden = !holds(evaluate(tree, env));
    }
    for (const [key, columns] of Object.entries(program.rows)) {
      for (const index of indexes(key)) {
        const at = rowEnv(key, index);
        for (const [column, spec] of Object.entries(columns)) {
          const id = `${program.prefix}-${key}-${index}-${column}`;
          if (spec.value) { const output = document.getElementById(id); if (output) output.textContent = text(evaluate(spec.value, at), spec.value.shown); }
          if (spec.show || spec.require || spec.read_only) apply(document.getElementById(`${id}-label`)?.closest("[data-cell]"), judge(spec, at));
        }
      }
    }
    offer();
    form.dispatchEvent(new CustomEvent("live:applied"));
  }

  // A default that follows from other fields moves with them until somebody writes here.
  function suggest(key, spec) {
    const value = evaluate(spec.default, env);
    if (value === null || typeof value === "object") return;
    const [control] = controls(key).filter((c) => c.type !== "hidden");
    if (!control || document.activeElement === control) return;
    const written = spec.type === "boolean" ? (value ? "1" : "0") : spec.type === "percent" ? shift(value, 2) : String(value);
    if (control.type === "checkbox") control.checked = value === true;
    else if (control.type === "radio") for (const c of controls(key)) c.checked = c.value === written && c.type === "radio";
    else if (control.value !== written) { quiet = true; setValue(control, written); quiet = false; }
  }
  let quiet = false;

  const offers = new WeakMap(); // select -> all its options

  // Cascades: of a governed list only the options below the governing value.
  function offer() {
    for (const select of form.querySelectorAll("select[data-governed-by]")) {
      if (select.closest("template")) continue;
      const name = select.name.replace(/[^-]+$/, select.dataset.governedBy);
      const parents = words(name).filter(Boolean);
      if (!offers.has(select)) offers.set(select, [...select.options]);
      const fitting = offers.get(select).filter((option) => !option.dataset.parent || parents.includes(option.dataset.parent));
      if (fitting.length === select.options.length && fitting.every((option, i) => option === select.options[i])) continue;
      const chosen = select.value;
      select.replaceChildren(...fitting);
      select.value = fitting.some((option) => option.value === chosen) ? chosen : "";
    }
  }

  const ask = debounce(async () => {
    const url = form.dataset.previewUrl;
    if (!url || !form.isConnected) return;
    const body = new FormData(form);
    for (const [name, value] of [...body.entries()]) if (value instanceof File) body.delete(name);
    const sent = new URLSearchParams(body).toString();
    if (sent === asked) return;
    asked = sent;
    controller?.abort();
    controller = new AbortController();
    try {
      const response = await fetch(url, { method: "POST", body: sent, signal: controller.signal, credentials: "same-origin", headers: { "X-CSRFToken": csrfToken(), "Content-Type": "application/x-www-form-urlencoded", Accept: "application/json" } });
      if (!response.ok) return;
      const answer = await response.json();
      last = answer;
      heed(answer);
    } catch (error) {
      if (error.name !== "AbortError") asked = "";
    }
  }, 300);
  function heed(answer) {
    byRows = new Map();
    for (const [key, said] of Object.entries(answer.fields)) {
      const row = /^([a-z][a-z0-9_]*)\[(\d+)\]\.([a-z][a-z0-9_]*)$/.exec(key);
      if (row) { apply(document.getElementById(`${program.prefix}-${row[1]}-${indexes(row[1])[Number(row[2])]}-${row[3]}-label`)?.closest("[data-cell]"), said); continue; }
      if (program.remote.includes(key)) apply(wrapper(key), said);
      if (said.text !== undefined && !(key in program.computed && program.computed[key].shown.as !== "server")) say(key, said.text || "—");
    }
    for (const [key, shown] of Object.entries(answer.parts)) {
      const part = document.getElementById(`${program.prefix}-s-${key}`);
      if (part && program.remote.includes(`#${key}`)) part.hidden = !shown;
    }
    byRows = null;
    form.dispatchEvent(new CustomEvent("live:applied"));
  }
  const needsServer = program.remote.length > 0 || Object.values(program.computed).some((tree) => tree.shown.as === "server");

  const soon = debounce(() => { work(); if (needsServer) ask(); }, 30);
  const note = (event) => {
    const name = event.target?.name || event.target?.closest?.("[data-field]")?.dataset.field;
    if (name && !quiet) touched.add(name.split("-")[0]);
    soon();
  };
  for (const type of ["input", "change", "form:changed", "upload:done"]) on(form, type, note);
  // Rows that have just got their controls: the rules hold for them too, and nobody has typed anything.
  const drawn = debounce(() => { work(); if (last) heed(last); }, 30);
  on(form, "rows:drawn", drawn);
  // What the server filled in is somebody's value already, unless it is a default of an untouched new form.
  for (const [key, spec] of Object.entries(program.fields)) if (spec.default && form.querySelector("[name=_version]")) touched.add(key);
  work();
  return () => { off(); soon.cancel(); drawn.cancel(); ask.cancel(); controller?.abort(); };
}
