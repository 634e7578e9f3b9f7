// Time in words and one ticker for all clocks.
import { t, language } from "./text.js";

const MINUTE = 60, HOUR = 3600, DAY = 86400;
const two = (n) => String(n).padStart(2, "0");

// Seconds as a countdown: 03:12, 1:48:12, then "7 h", "1 d 3 h". Below a day every second counts only when there is little left.
export function countdown(seconds, fine = false) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < HOUR) return `${two(Math.floor(s / MINUTE))}:${two(s % MINUTE)}`;
  const h = Math.floor(s / HOUR), m = Math.floor((s % HOUR) / MINUTE);
  if (s < DAY) {
    if (fine && h < 4) return `${two(h)}:${two(m)}:${two(s % MINUTE)}`;
    return h < 4 && m ? t("hours_minutes", { h, m }) : t("hours", { n: h });
  }
  return span(s);
}

// A length of time, coarse: "26 min", "3 h", "1 d 2 h".
export function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < HOUR) return t("minutes", { n: Math.max(1, Math.floor(s / MINUTE)) });
  const d = Math.floor(s / DAY), h = Math.floor((s % DAY) / HOUR), m = Math.floor((s % HOUR) / MINUTE);
  if (d >= 3 || (d && !h)) return t("days", { n: d });
  if (d) return t("days_hours", { d, h });
  return h < 4 && m ? t("hours_minutes", { h, m }) : t("hours", { n: h });
}

export const clockTime = (date) => `${two(date.getHours())}:${two(date.getMinutes())}`;

export function relative(date, now = new Date()) {
  const seconds = (now - date) / 1000;
  if (seconds >= 0 && seconds < MINUTE) return t("just_now");
  if (seconds >= 0 && seconds < HOUR) return t("minutes_ago", { n: Math.floor(seconds / MINUTE) });
  const day = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
  const days = Math.round((day(now) - day(date)) / (DAY * 1000));
  const time = clockTime(date);
  if (days === 0) return t("today_at", { time });
  if (days === 1) return t("yesterday_at", { time });
  if (days === -1) return t("tomorrow_at", { time });
  const options = date.getFullYear() === now.getFullYear() ? { month: "short", day: "numeric" } : { year: "numeric", month: "short", day: "numeric" };
  return new Intl.DateTimeFormat(language(), options).format(date);
}

export const absolute = (date) => new Intl.DateTimeFormat(language(), { dateStyle: "full", timeStyle: "short" }).format(date);

const ticking = new Set();
let timer = null;

function beat() {
  const now = Date.now();
  for (const act of ticking) act(now);
}

// Calls act(now) every second while the page is visible; returns how to stop.
export function tick(act) {
  ticking.add(act);
  act(Date.now());
  if (!timer) timer = setInterval(() => { if (!document.hidden) beat(); }, 1000);
  return () => {
    ticking.delete(act);
    if (!ticking.size) { clearInterval(timer); timer = null; }
  };
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) beat(); });
