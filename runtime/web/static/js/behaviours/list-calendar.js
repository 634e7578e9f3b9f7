// The calendar: an event dragged to another day is changed there, Alt + arrows do the same (a day, a week), and a toast takes it back.
// A press on the empty part of a day enters something there.
import { listeners } from "../dom.js";
import { send } from "../request.js";
import { toast } from "../toast.js";
import { announce } from "../announce.js";
import { t } from "../text.js";

const DAYS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
const between = (from, to) => Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);

export default function listCalendar(calendar) {
  const { on, off } = listeners();
  const url = calendar.dataset.moveUrl;
  const reload = (id) => window.htmx.ajax("GET", location.href, { target: "#list", swap: "innerHTML" }).then(() => {
    if (id) [...document.querySelectorAll(`.cal-event[data-id="${CSS.escape(id)}"] a`)].find((a) => a.getClientRects().length)?.focus();
  });

  async function move(id, version, days, undone = false) {
    if (!url || !days) return;
    try {
      const answer = await send(url, { method: "POST", data: { id, version: Number(version), days } });
      if (undone) announce(t("undone"));
      else toast(answer.message, { tone: "ontime", undo: () => move(id, answer.version, -days, true) });
    } catch (error) {
      toast(error.message || t("refused"), { tone: "warning", seconds: 8 });
    }
    await reload(id);
  }

  let held = null;
  const dayAt = (event) => document.elementsFromPoint(event.clientX, event.clientY).map((e) => e.closest(".cal-day")).find(Boolean);
  const unmark = () => { for (const day of calendar.querySelectorAll(".is-target")) day.classList.remove("is-target"); };
  on(calendar, "dragstart", (event) => {
    const element = event.target.closest?.(".cal-event");
    if (!element || !url) return;
    held = { id: element.dataset.id, version: element.dataset.version, day: dayAt(event)?.dataset.day };
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", element.dataset.id);
    element.classList.add("is-held");
  });
  on(calendar, "dragover", (event) => {
    const day = held && dayAt(event);
    if (!day) return;
    event.preventDefault();
    unmark();
    day.classList.add("is-target");
  });
  on(calendar, "drop", (event) => {
    const day = held && dayAt(event), mine = held;
    held = null;
    unmark();
    if (!day || !mine.day) return;
    event.preventDefault();
    move(mine.id, mine.version, between(mine.day, day.dataset.day));
  });
  on(calendar, "dragend", () => {
    held = null;
    unmark();
    for (const element of calendar.querySelectorAll(".is-held")) element.classList.remove("is-held");
  });
  on(calendar, "keydown", (event) => {
    const element = event.target.closest(".cal-event");
    if (!element || !event.altKey || !(event.key in DAYS) || !url) return;
    event.preventDefault();
    move(element.dataset.id, element.dataset.version, DAYS[event.key]);
  });
  on(calendar, "click", (event) => {
    if (event.target.closest("a, button, .cal-event")) return;
    event.target.closest(".cal-day")?.querySelector(".cal-add")?.click();
  });
  // The way by typing: the dialog stands outside of the calendar.
  on(document, "click", (event) => {
    const button = event.target.closest("[data-day-move]");
    const input = button && document.getElementById("day-input");
    if (!input?.value) return;
    document.dispatchEvent(new CustomEvent("dialog-close"));
    move(button.dataset.dayMove, button.dataset.version, between(button.dataset.day, input.value));
  });
  on(document, "record-created", () => reload());
  // On a phone the month is a list of its days: it begins with today's.
  if (scrollY === 0 && matchMedia("(max-width: 767px)").matches) calendar.querySelector(".is-today:not(.is-outside)")?.scrollIntoView({ block: "start" });
  return off;
}
