// Dates are whole days since 0001-01-01, instants microseconds since 1970 (BigInt), durations microseconds (BigInt).
// Civil arithmetic is our own: the host's Date only knows the browser's zone and milliseconds.
import { NUM, VALUE, SCALE, divideRound, floorDiv, floorMod, int, whole } from "./numbers.js";

const LAST_DAY = 3652058;
export const DAY = 86400000000n;
const EPOCH_DAY = 719162; // 1970-01-01
const MIN_US = -62135596800000000n;
const MAX_US = 253402300799999999n;
const SPAN_LIMIT = 10n ** 18n;
export const UNITS = { DAYS: DAY, HOURS: 3600000000n, MINUTES: 60000000n, SECONDS: 1000000n };

export const leap = (y) => (y % 4 === 0 && y % 100 !== 0) || y % 400 === 0;
export const monthDays = (y, m) => (m === 2 ? (leap(y) ? 29 : 28) : [4, 6, 9, 11].includes(m) ? 30 : 31);
const BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/** Days since 0001-01-01. */
export function toDay(y, m, d) {
  const past = y - 1;
  return past * 365 + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400) + BEFORE[m - 1] + (m > 2 && leap(y) ? 1 : 0) + d - 1;
}

/** Year, month and day of a day number. */
export function fromDay(day) {
  let y = Math.floor(day / 365.2425) + 1;
  while (toDay(y, 1, 1) > day) y -= 1;
  while (toDay(y + 1, 1, 1) <= day) y += 1;
  let m = 12;
  while (toDay(y, m, 1) > day) m -= 1;
  return { y, m, d: day - toDay(y, m, 1) + 1 };
}

const inRange = (day) => (day >= 0 && day <= LAST_DAY ? day : NUM);
export const addDays = (day, count) => (count > 99999999n || count < -99999999n ? NUM : inRange(day + Number(count)));

const pad = (n, size = 2) => String(n).padStart(size, "0");
export const dateText = (day) => {
  const { y, m, d } = fromDay(day);
  return `${pad(y, 4)}-${pad(m)}-${pad(d)}`;
};

/** "2026-03-01" to a day; null for anything else. */
export function parseDay(text) {
  const match = /^(\d{4})-(\d{2})-(\d{2})/.exec(text);
  if (!match) return null;
  const [y, m, d] = match.slice(1).map(Number);
  return y >= 1 && m >= 1 && m <= 12 && d >= 1 && d <= monthDays(y, m) ? toDay(y, m, d) : null;
}

/** RFC 3339 to microseconds; null for anything else. */
export function parseInstant(text) {
  const match = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6})\d*)?)?(Z|[+-]\d{2}:?\d{2})?$/i.exec(text);
  const day = match && parseDay(match[1]);
  if (day === null) return null;
  let us = BigInt(day - EPOCH_DAY) * DAY + BigInt(+match[2] * 3600 + +match[3] * 60 + +(match[4] || 0)) * 1000000n;
  us += BigInt((match[5] || "").padEnd(6, "0"));
  const shift = match[6] && match[6].length > 1 ? match[6].replace(":", "") : "+0000";
  const minutes = BigInt(+shift.slice(1, 3) * 60 + +shift.slice(3, 5)) * 60000000n;
  return shift[0] === "-" ? us + minutes : us - minutes;
}

/** Microseconds as RFC 3339 with Z. */
export function instantText(us) {
  const day = Number(floorDiv(us, DAY));
  const rest = floorMod(us, DAY);
  const seconds = Number(rest / 1000000n);
  const fraction = rest % 1000000n ? `.${String(rest % 1000000n).padStart(6, "0")}` : "";
  return `${dateText(day + EPOCH_DAY)}T${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}${fraction}Z`;
}

const formats = new Map();
/** Day, hour, minute and second of an instant in a zone. */
export function local(us, zone) {
  let format = formats.get(zone);
  if (!format) {
    const two = "2-digit";
    format = new Intl.DateTimeFormat("en-US-u-ca-iso8601", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: two, day: two, hour: two, minute: two, second: two,
    });
    formats.set(zone, format);
  }
  const parts = {};
  for (const { type, value } of format.formatToParts(new Date(Number(floorDiv(us, 1000n))))) parts[type] = Number(value);
  return { day: toDay(parts.year, parts.month, parts.day), hour: parts.hour, minute: parts.minute, second: parts.second };
}
/** The day of a date (a Number) or of an instant (a BigInt) in the zone. */
export const dayOf = (at, zone) => (typeof at === "bigint" ? local(at, zone).day : at);

export const span = (us) => (us > SPAN_LIMIT || us < -SPAN_LIMIT ? NUM : us);
export const moment = (us) => (us < MIN_US || us > MAX_US ? NUM : us);
export const roundedSpan = (us12) => span(divideRound(us12, SCALE));

const monthNumber = (day) => {
  const { y, m } = fromDay(day);
  return y * 12 + m - 1;
};
const validMonth = (months) => months >= 12n && months < 120000n;

export function makeDate(year, month, day) {
  const months = whole(year) * 12n + whole(month) - 1n;
  if (!validMonth(months)) return NUM;
  return addDays(toDay(Number(months / 12n), Number(months % 12n) + 1, 1), whole(day) - 1n);
}
export function edate(day, count) {
  const months = BigInt(monthNumber(day)) + count;
  if (!validMonth(months)) return NUM;
  const y = Number(months / 12n);
  const m = Number(months % 12n) + 1;
  return toDay(y, m, Math.min(fromDay(day).d, monthDays(y, m)));
}
export function eomonth(day, count) {
  const { y, m } = fromDay(day);
  const found = edate(toDay(y, m, 1), count);
  if (found === NUM) return NUM;
  const end = fromDay(found);
  return toDay(end.y, end.m, monthDays(end.y, end.m));
}
export function datedif(start, end, unitText) {
  if (start > end) return NUM;
  const unit = unitText.toUpperCase();
  const months = monthNumber(end) - monthNumber(start) - (fromDay(end).d < fromDay(start).d ? 1 : 0);
  if (unit === "D") return int(end - start);
  if (unit === "MD") return int(end - edate(start, BigInt(months)));
  if (unit === "YD") return int(end - edate(start, BigInt(Math.floor(months / 12) * 12)));
  return int({ Y: Math.floor(months / 12), M: months, YM: months % 12 }[unit]);
}
const monday0 = (day) => day % 7; // 0001-01-01 was a Monday
export function weekday(day, kind = SCALE) {
  const found = { 1: ((monday0(day) + 1) % 7) + 1, 2: monday0(day) + 1, 3: monday0(day) }[Number(whole(kind))];
  return found === undefined ? NUM : int(found);
}
export function weeknum(day, kindNumber = SCALE) {
  const kind = Number(whole(kindNumber));
  if (kind === 21) {
    const thursday = day - monday0(day) + 3;
    return int(Math.floor((thursday - toDay(fromDay(thursday).y, 1, 1)) / 7) + 1);
  }
  if (kind !== 1 && kind !== 2) return NUM;
  const first = toDay(fromDay(day).y, 1, 1);
  const shift = kind === 1 ? (monday0(first) + 1) % 7 : monday0(first);
  return int(Math.floor((day - first + shift) / 7) + 1);
}
export function datevalue(text) {
  const match = /^([0-9]{4})(-|\/|\.|年)([0-9]{1,2})(-|\/|\.|月)([0-9]{1,2})日?$/.exec(text.replace(/^[ \t\n\r\u00a0\u3000]+|[ \t\n\r\u00a0\u3000]+$/g, ""));
  if (!match || !["--", "//", "..", "年月"].includes(match[2] + match[4])) return VALUE;
  const day = parseDay(`${match[1]}-${match[3].padStart(2, "0")}-${match[5].padStart(2, "0")}`);
  return day === null ? VALUE : day;
}

/** A date's pattern taken apart; minutes are mm after hours. */
function pieces(pattern) {
  const found = [];
  let hours = false;
  for (const [raw] of pattern.matchAll(/yyyy|mm|m|dd|d|hh|h|ss|s|[^]/giu)) {
    let part = raw.toLowerCase();
    if (part === "hh" || part === "h") hours = true;
    else if ((part === "mm" || part === "m") && hours) {
      part = part === "mm" ? "MI" : "M1";
      hours = false;
    } else if (["yyyy", "dd", "d"].includes(part)) hours = false;
    found.push([part, raw]);
  }
  return found;
}
export function formatDate(at, pattern, zone) {
  const time = typeof at === "bigint" ? local(at, zone) : { day: at, hour: 0, minute: 0, second: 0 };
  const { y, m, d } = fromDay(time.day);
  const shown = {
    yyyy: pad(y, 4), mm: pad(m), m: `${m}`, dd: pad(d), d: `${d}`, hh: pad(time.hour), h: `${time.hour}`,
    MI: pad(time.minute), M1: `${time.minute}`, ss: pad(time.second), s: `${time.second}`,
  };
  return pieces(pattern).map(([part, raw]) => shown[part] ?? raw).join("");
}

const DAY_LIMIT = 10000;
const isOff = (env) => (env.holidays ? (day) => env.holidays(dateText(day)) : (day) => monday0(day) >= 5);
export function workday(env, start, days, limited) {
  let left = whole(days);
  const by = left > 0n ? 1 : -1;
  const off = isOff(env);
  let day = start;
  for (let turn = 0; turn < DAY_LIMIT; turn += 1) {
    if (left === 0n) return day;
    day = inRange(day + by);
    if (day === NUM) return NUM;
    if (!off(day)) left -= BigInt(by);
  }
  return left === 0n ? day : limited;
}
export function networkdays(env, from, to, limited) {
  const [start, end, sign] = from <= to ? [from, to, 1] : [to, from, -1];
  if (end - start >= DAY_LIMIT) return limited;
  const off = isOff(env);
  let count = 0;
  for (let day = start; day <= end; day += 1) if (!off(day)) count += 1;
  return int(sign * count);
}
