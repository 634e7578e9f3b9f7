// A value edited in its cell; one that stays closed (td[data-closed]) says why on F2 or a double press. Enter and Tab save (Tab goes on to the next cell), Escape gives up, a press elsewhere saves what was changed.
import { listeners, make } from "../dom.js";
import { csrfToken } from "../request.js";
import { toast } from "../toast.js";
import { announce } from "../announce.js";
import { t } from "../text.js";

const TYPE = 'input:not([type=hidden]):not(.ts-hidden-accessible):not([tabindex="-1"]), select:not(.tomselected), textarea, button';

export default function listEdit(root) {
  const { on, off } = listeners();
  let open = null; // { cell, shown, form, before, busy }

  async function ask(url, body) {
    const headers = { Accept: "application/json, text/html", "HX-Request": "true", "X-Requested-With": "fetch" };
    if (body) headers["X-CSRFToken"] = csrfToken();
    const response = await fetch(url, { method: body ? "POST" : "GET", headers, body, credentials: "same-origin" });
    const json = (response.headers.get("Content-Type") || "").includes("json");
    const answer = json ? await response.json() : await response.text();
    return { status: response.status, html: json ? "" : answer, message: json ? answer?.error?.message || answer?.detail || "" : "" };
  }
  const values = (form) => [...new FormData(form)].filter(([name]) => !name.startsWith("_") && name !== "csrf_token");
  const changed = () => JSON.stringify(values(open.form)) !== open.before;
  const columns = () => [...root.querySelectorAll("thead th[data-key]")].map((th) => th.dataset.key).filter((key) => key !== "_title").join(",");
  const editable = (row) => [...row.querySelectorAll("td[data-edit]")].filter((cell) => cell.getClientRects().length);
  const address = (cell) => `${root.dataset.recordUrl}/${cell.closest("tr").id.slice(4)}/field/${cell.dataset.edit}`;

  function place() {
    if (!open) return;
    const box = open.cell.getBoundingClientRect(), form = open.form;
    const width = Math.max(box.width, 240);
    form.style.minWidth = `${width}px`;
    form.style.left = `${Math.max(8, Math.min(box.left, innerWidth - form.offsetWidth - 8))}px`;
    form.style.top = `${Math.max(8, Math.min(box.top, innerHeight - form.offsetHeight - 8))}px`;
  }
  function fill(html) {
    const holder = make("div");
    holder.innerHTML = html; // our own template, as htmx would take it
    const form = holder.querySelector("form");
    open.form?.remove();
    open.cell.append(form);
    open.form = form;
    window.htmx?.process(form);
    place();
    requestAnimationFrame(() => {
      place();
      const control = form.querySelector(".ts-control input") || form.querySelector(TYPE);
      control?.focus();
      if (control?.select && !["date", "datetime-local", "checkbox", "radio"].includes(control.type)) control.select();
    });
  }
  async function start(cell) {
    if (open && !(await finish())) return;
    cell.classList.add("is-editing");
    open = { cell, form: null, before: "", busy: false };
    const mine = open;
    let answer;
    try { answer = await ask(`${address(cell)}?cell=1`); } catch { answer = { status: 0, message: t("offline") }; }
    if (open !== mine) return;
    if (answer.status !== 200) {
      cancel();
      toast(answer.message || t("refused"), { tone: "warning", seconds: 8 });
      return;
    }
    fill(answer.html);
    // Controls that build themselves (comboboxes) keep the values: what was there is what the server sent.
    open.before = JSON.stringify(values(open.form));
  }
  function cancel(refocus = true) {
    if (!open) return;
    const { cell, form } = open;
    open = null;
    form?.remove();
    cell.classList.remove("is-editing");
    if (refocus && cell.isConnected) { cell.tabIndex = -1; cell.focus({ preventScroll: true }); }
  }
  async function send(cell, entries, version) {
    const data = new FormData();
    for (const [name, value] of entries) data.append(name, value);
    data.set("_version", version);
    data.set("_cell", "1");
    data.set("_cols", columns());
    data.set("_q", new URLSearchParams(location.search).get("q") || "");
    return ask(address(cell), data);
  }
  // True when the editor is gone.
  async function finish(refocus = false) {
    if (!open) return true;
    if (!open.form || !changed()) { cancel(refocus); return true; }
    if (open.busy) return false;
    const mine = open, { cell, form } = open;
    mine.busy = true;
    form.setAttribute("aria-busy", "true");
    let answer;
    try { answer = await send(cell, values(form), form.elements._version.value); } catch { answer = { status: 0, message: t("offline") }; }
    mine.busy = false;
    if (open !== mine) return true;
    if (answer.status === 200) {
      const old = JSON.parse(mine.before);
      cancel(false);
      taken(cell, answer.html, old);
      return true;
    }
    form.removeAttribute("aria-busy");
    if (answer.status === 422 && answer.html) fill(answer.html);
    else if (answer.status === 412 && answer.html) dialog(answer.html);
    else toast(answer.message || t("failed"), { tone: "warning", seconds: 8 });
    return false;
  }
  // The row as it stands now: what follows from the value changes with it.
  function taken(cell, html, old) {
    const row = cell.closest("tr"), key = cell.dataset.edit, box = row.querySelector("[data-select-row]");
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const fresh = holder.content.querySelector("tr");
    if (!fresh) { row.remove(); return; }
    const ticked = box?.checked;
    row.replaceWith(fresh);
    const again = fresh.querySelector("[data-select-row]");
    if (again && ticked) { again.checked = true; fresh.setAttribute("aria-selected", "true"); }
    const now = fresh.querySelector(`td[data-edit="${CSS.escape(key)}"]`);
    now?.classList.add("is-saved");
    announce(t("saved"));
    document.body.dispatchEvent(new CustomEvent("list-changed")); // figures at the foot
    if (!old) return;
    const version = fresh.dataset.version;
    toast(t("saved"), { tone: "ontime", seconds: 6, undo: async () => {
      const answer = await send(now, old, version);
      if (answer.status === 200) taken(now, answer.html, null);
      else toast(answer.message || t("failed"), { tone: "warning" });
    } });
  }
  // Why it stays closed, with the way to where it can be changed.
  async function why(cell) {
    let answer;
    try { answer = await ask(`${root.dataset.recordUrl}/${cell.closest("tr").id.slice(4)}/why/${cell.dataset.closed}`); } catch { answer = { status: 0, message: t("offline") }; }
    if (answer.status === 200) dialog(answer.html);
    else toast(answer.message || cell.title || t("refused"), { tone: "warning", seconds: 8 });
  }
  function dialog(html) {
    const place = document.getElementById("dialog-root");
    place.innerHTML = html;
    window.htmx?.process(place);
  }

  on(root, "click", (event) => {
    const cell = event.target.closest("td[data-edit]");
    if (!cell || cell.classList.contains("is-editing") || event.target.closest("a, button, input, select, textarea, label, form")) return;
    if (matchMedia("(max-width: 767px)").matches || String(getSelection())) return;
    start(cell);
  });
  on(root, "dblclick", (event) => {
    const cell = event.target.closest("td[data-closed]");
    if (!cell || event.target.closest("a, button") || matchMedia("(max-width: 767px)").matches) return;
    getSelection()?.removeAllRanges();
    why(cell);
  });
  on(root, "cell:edit", (event) => (event.target.dataset.closed ? why(event.target) : start(event.target)));
  on(root, "submit", (event) => { if (event.target.matches(".cell-form")) { event.preventDefault(); finish(true); } });
  on(root, "click", (event) => {
    if (event.target.closest("[data-cell-save]")) { event.preventDefault(); finish(true); }
    else if (event.target.closest("[data-cell-cancel]")) { event.preventDefault(); cancel(); }
  });
  on(root, "keydown", async (event) => {
    if (!open?.form?.contains(event.target)) return;
    const dropped = open.form.querySelector(".ts-wrapper.dropdown-active");
    if (event.key === "Escape") {
      event.stopPropagation();
      event.preventDefault();
      if (!dropped) cancel();
    } else if (event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      const row = open.cell.closest("tr"), id = row.id, all = editable(row), at = all.indexOf(open.cell) + (event.shiftKey ? -1 : 1);
      const next = all[at]?.dataset.edit;
      if (await finish(!next)) {
        const target = next && document.getElementById(id)?.querySelector(`td[data-edit="${CSS.escape(next)}"]`);
        if (target) start(target);
      }
    } else if (event.key === "Enter" && !event.isComposing && !dropped && (!event.target.matches("textarea") || event.ctrlKey || event.metaKey)) {
      if (event.target.matches("[data-cell-cancel]")) return;
      event.preventDefault();
      event.stopPropagation();
      const id = open.cell.closest("tr").id, key = open.cell.dataset.edit;
      if (await finish(true)) {
        const cell = document.getElementById(id)?.querySelector(`td[data-edit="${CSS.escape(key)}"]`);
        if (cell) { cell.tabIndex = -1; cell.focus({ preventScroll: true }); }
      }
    }
  }, { capture: true });
  on(document, "pointerdown", (event) => {
    if (open?.form && !open.form.contains(event.target) && !event.target.closest("dialog, .ts-dropdown, .toast")) finish();
  });
  on(window, "scroll", place, { passive: true, capture: true });
  on(window, "resize", place);
  on(window, "beforeunload", (event) => { if (open?.form && changed()) event.preventDefault(); });
  return () => { cancel(false); off(); };
}
