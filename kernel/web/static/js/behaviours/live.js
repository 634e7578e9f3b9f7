// One line to the server per page: it says that something changed, and parts of the page ask again. A stream where there is a
// place for it, else polling; silent while nobody looks.
//   data-live-watch="entity/id" (or "entity" for lists), data-live-version="4": what to listen for, and what is shown already.
// Fires live:record, live:inbox, live:job and live:lost on the body, live:record and live:lost also on each element that watches the record.
import { debounce, listeners } from "../dom.js";

const KINDS = ["record", "lost", "inbox", "job"];
// Changes that raise the version of a record: who shows that version already has seen them.
const VERSIONED = new Set(["record_updated", "record_transitioned", "record_assigned", "record_restored", "record_created"]);
const HIDDEN_MS = 5000, AGAIN_MS = 60_000, MOST_FAILURES = 3;

export default function live(body) {
  const url = body.dataset.liveUrl;
  if (!url || !window.EventSource) return;
  const { on, off } = listeners();
  const told = [];
  let source = null, timer = null, resting = null, after = null, watched = "", failures = 0, over = false, blind = false, round = 0;

  // "blind": a record of this page can't be seen any more; what is left are lists and the inbox.
  const watching = () => [...new Set([...document.querySelectorAll("[data-live-watch]")].map((e) => e.dataset.liveWatch))].filter((name) => name && !(blind && name.includes("/"))).sort();
  const address = (path, names) => {
    const query = new URLSearchParams(names.map((name) => ["watch", name]));
    if (after !== null) query.set("after", after);
    const text = query.toString();
    return url + path + (text ? `?${text}` : "");
  };
  const stop = () => {
    round += 1;
    source?.close();
    source = null;
    clearTimeout(timer);
    timer = null;
  };
  const end = () => { over = true; stop(); body.dataset.live = "over"; };

  const fire = (target, name, detail, bubbles) => target.dispatchEvent(new CustomEvent(`live:${name}`, { detail, bubbles }));
  const tell = (name, data) => {
    if (name === "hello") { after = data.after; return; }
    // Told twice (a poll looks back a little): once is enough.
    const mark = data.n ? `${name} ${data.entity || ""} ${data.id || ""} ${data.n}` : "";
    if (mark && told.includes(mark)) return;
    if (mark) { told.push(mark); if (told.length > 500) told.shift(); }
    if (name !== "record" && name !== "lost") return fire(body, name, data, true);
    const names = [`${data.entity}/${data.id}`, data.entity];
    const old = (data.kinds || []).every((kind) => VERSIONED.has(kind));
    const elements = [...document.querySelectorAll("[data-live-watch]")].filter((e) => names.includes(e.dataset.liveWatch));
    const stale = elements.filter((e) => !(name === "record" && old && e.dataset.liveVersion && Number(e.dataset.liveVersion) >= data.version));
    // Each part first (not bubbling, so that "from:body" hears it once), then the page as a whole.
    for (const element of stale) fire(element, name, data, false);
    if (stale.length || !elements.length) fire(body, name, data, true);
  };

  const stream = () => {
    const names = watching();
    watched = names.join(" ");
    source = new EventSource(address("", names));
    const here = source;
    on(source, "open", () => { failures = 0; });
    for (const name of ["hello", ...KINDS]) on(source, name, (event) => { body.dataset.live = "stream"; tell(name, JSON.parse(event.data)); });
    on(source, "poll", () => { stop(); poll(); });
    on(source, "end", end);
    on(source, "error", () => {
      if (source !== here) return;
      // The browser tries again by itself while it can; a refusal or a server that is away leaves it closed.
      if (here.readyState === EventSource.CLOSED || ++failures >= MOST_FAILURES) { stop(); poll(); }
    });
  };

  const poll = async (until = Date.now() + AGAIN_MS) => {
    const names = watching(), mine = round;
    watched = names.join(" ");
    body.dataset.live = "poll";
    let wait = 10_000;
    timer = 0; // on its way
    try {
      const response = await fetch(address("/news", names), { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (mine !== round) return;
      if (response.status === 401 || response.status === 403 || response.redirected) return end();
      if (response.ok) {
        const answer = await response.json();
        if (mine !== round) return;
        wait = answer.again * 1000;
        for (const message of answer.messages) tell(message.event, message.data);
        after = answer.after;
        failures = 0;
      } else {
        if (response.status === 404 && !blind) { blind = true; fire(body, "lost", {}, true); }
        wait *= Math.min(++failures, 6);
      }
    } catch { wait *= Math.min(++failures, 6); }
    if (mine !== round) return;
    timer = setTimeout(() => { if (Date.now() < until) poll(until); else { stop(); stream(); } }, wait);
  };

  const start = () => { if (!over && !source && timer === null) stream(); };
  const rest = () => { stop(); body.dataset.live = "rest"; };
  on(document, "visibilitychange", () => {
    clearTimeout(resting);
    if (document.hidden) resting = setTimeout(rest, HIDDEN_MS); else start();
  });
  // An open stream would keep the page out of the browser's memory of pages one can go back to.
  on(window, "pagehide", rest);
  on(window, "pageshow", (event) => { if (event.persisted) start(); });
  // What is watched may change with every swap.
  const compare = debounce(() => { if (!over && (source || timer !== null) && watching().join(" ") !== watched) { rest(); start(); } }, 300);
  on(document, "htmx:after:settle", compare);
  on(document, "htmx:after:swap", compare);
  if (!document.hidden) start(); else body.dataset.live = "rest";
  return () => { off(); compare.cancel(); clearTimeout(resting); over = true; stop(); };
}
