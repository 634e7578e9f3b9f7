// The record page follows what others do: path and next step, values, facts. Nothing that is being read or edited is touched.
// data-url: where the page's parts are; data-open-steps: the steps that are open now.
import { debounce, listeners } from "../dom.js";
import { announce } from "../announce.js";
import { toast } from "../toast.js";
import { t } from "../text.js";

const steps = (element) => { try { return JSON.parse(element?.dataset.openSteps || "[]"); } catch { return []; } };
const busy = (element) => element.contains(document.activeElement) && document.activeElement.matches("input, select, textarea, [contenteditable]");

export default function recordLive(root) {
  const { on, off } = listeners();
  let waiting = false;
  const reading = () => document.querySelector("#record-head [data-menu-panel]:not([hidden])");

  const replace = (fresh) => {
    const old = document.getElementById(fresh.id);
    if (!old || old.isEqualNode(fresh) || busy(old) || old.matches("form")) return;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const place = focused && [...old.querySelectorAll("a, button")].indexOf(focused);
    old.replaceWith(fresh);
    window.htmx?.process(fresh);
    if (focused) ([...fresh.querySelectorAll("a, button")][place] || fresh.querySelector("a, button"))?.focus({ preventScroll: true });
  };
  const refresh = debounce(async () => {
    // Somebody looks at what is missing: the list stays while they read; the page follows when it is closed.
    if (document.querySelector("dialog[open]")) { waiting = true; return; }
    waiting = false;
    const before = steps(document.getElementById("record-head")), list = reading();
    let response;
    try { response = await fetch(root.dataset.url, { headers: { "HX-Request": "true" }, credentials: "same-origin" }); } catch { waiting = true; return; }
    if (response.status === 404) return lost();
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const head = page.getElementById("record-head"), opened = steps(head).filter((step) => !before.includes(step));
    const stays = list && !opened.length;
    if (head && !(stays && (waiting = true))) replace(document.adoptNode(head));
    for (const part of page.querySelectorAll(".field-row[id], [data-live-part]")) replace(document.adoptNode(part));
    for (const step of opened) toast(t("step_open", { step }), { tone: "ontime", seconds: 8 });
    if (!opened.length) announce(t("record_changed"));
  }, 120);
  // The button that was pressed is gone: the list keeps the focus, so that Escape still closes it.
  const keepFocus = () => setTimeout(() => {
    const list = reading();
    if (list && !list.contains(document.activeElement)) { list.tabIndex = -1; list.focus({ preventScroll: true }); }
  }, 50);
  const lost = () => toast(t("record_lost"), { tone: "warning", seconds: 30 });
  on(document.body, "live:record", (event) => { if (event.detail?.id === root.dataset.record) refresh(); });
  on(document.body, "live:lost", lost);
  on(document, "asked", (event) => { if (event.detail?.text) announce(event.detail.text); keepFocus(); refresh(); });
  // What was put off while something was open.
  on(document, "close", () => { if (waiting) refresh(); }, { capture: true });
  const resume = () => setTimeout(() => { if (waiting && !reading() && !document.querySelector("dialog[open]")) refresh(); }, 50);
  on(document, "click", resume);
  on(document, "keyup", resume);
  return () => { off(); refresh.cancel(); };
}
