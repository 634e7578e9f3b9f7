// Text by code points; case by our own table. Mirrors kernel/expr/functions/text.py.
import { LIMITED, SCALE, VALUE, fixed, int, isError, multiply, parse, settle, whole } from "./numbers.js";

const LIMIT = 65536;
const SPACE = "[ \\t\\n\\r\\u00a0\\u3000]+";
const EDGES = new RegExp(`^${SPACE}|${SPACE}$`, "g");
const NUMERIC = /^[+-]?([0-9]{1,26}|[0-9]{1,3}(,[0-9]{3}){1,8})?(\.[0-9]{0,30})?%?$/;

export const points = (text) => Array.from(text);
export const length = (text) => {
  let count = 0;
  for (const _point of text) count += 1;
  return count;
};

/** A result: empty is blank, too long is #LIMIT!. */
export const made = (text) => (text.length > LIMIT && length(text) > LIMIT ? LIMITED : text || null);

const UP = new Map();
const LOW = new Map();
const pair = (from, to, by, skip) => {
  for (let code = from; code <= to; code += 1) {
    if (code === skip) continue;
    UP.set(String.fromCharCode(code), String.fromCharCode(code - by));
    LOW.set(String.fromCharCode(code - by), String.fromCharCode(code));
  }
};
pair(0x61, 0x7a, 32);
pair(0xe0, 0xfe, 32, 0xf7);
pair(0x3b1, 0x3c9, 32, 0x3c2);
pair(0x430, 0x44f, 32);
pair(0x450, 0x45f, 80);
pair(0xff41, 0xff5a, 32);
const mapped = (text, table) => text.replace(/[^]/g, (c) => table.get(c) ?? c);
export const upper = (text) => mapped(text, UP);
export const lower = (text) => mapped(text, LOW);

const size = (n) => Number(n > 10000000n ? 10000000n : n);
const slice = (list, from, to) => list.slice(from, to).join("") || null;

export const left = (text, count = SCALE) => (count < 0n ? VALUE : slice(points(text), 0, size(whole(count))));
export function right(text, count = SCALE) {
  if (count < 0n) return VALUE;
  const list = points(text);
  return slice(list, Math.max(0, list.length - size(whole(count))));
}
export function mid(text, start, count) {
  const first = whole(start);
  if (first < 1n || count < 0n) return VALUE;
  return slice(points(text), size(first) - 1, size(first) - 1 + size(whole(count)));
}
export const trim = (text) => text.replace(new RegExp(SPACE, "g"), " ").replace(/^ +| +$/g, "") || null;
export const join = (mark, values) => made(values.join(mark ?? ""));

export function substitute(text, old, fresh, which = null) {
  if (text === null || old === null) return text;
  const pieces = text.split(old);
  if (which === null) {
    if (length(text) + (pieces.length - 1) * (length(fresh ?? "") - length(old)) > LIMIT) return LIMITED;
    return made(pieces.join(fresh ?? ""));
  }
  if (which < SCALE) return VALUE;
  const at = size(whole(which));
  return at >= pieces.length ? text : made(pieces.slice(0, at).join(old) + (fresh ?? "") + pieces.slice(at).join(old));
}
export function replace(text, start, count, fresh) {
  if (start === null || count === null) return null;
  const first = whole(start);
  if (first < 1n || count < 0n) return VALUE;
  const list = points(text ?? "");
  return made(list.slice(0, size(first) - 1).join("") + (fresh ?? "") + list.slice(size(first) - 1 + size(whole(count))).join(""));
}
export function find(part, text, start = SCALE) {
  const first = whole(start);
  if (first < 1n) return VALUE;
  const head = points(text).slice(0, size(first) - 1).join("");
  const at = text.indexOf(part, head.length);
  return at < 0 || length(text) < size(first) - 1 ? VALUE : int(length(text.slice(0, at)) + 1);
}
export const search = (part, text, start = SCALE) => find(lower(part), lower(text), start);
export function rept(text, count) {
  const times = whole(count);
  if (times < 0n) return VALUE;
  return BigInt(length(text)) * times > BigInt(LIMIT) ? LIMITED : made(text.repeat(Number(times)));
}
export function value(text) {
  const shown = text.replace(EDGES, "");
  if (!NUMERIC.test(shown) || !/[0-9]/.test(shown)) return VALUE;
  const plain = shown.replace(/%$/, "").replace(/,/g, "");
  if (!shown.endsWith("%")) {
    const found = parse(plain);
    return settle(found);
  }
  const [head, tail = ""] = plain.replace(/^[+-]/, "").split(".");
  const digits = head.padStart(3, "0");
  const found = parse(`${digits.slice(0, -2)}.${digits.slice(-2)}${tail}`);
  return settle(plain.startsWith("-") ? -found : found);
}
export function formatNumber(number, pattern) {
  const match = /^([^0#,.%]*)(0|#,##0|#)(?:\.(0{1,12}))?(%)?([^0#,.%]*)$/u.exec(pattern);
  const [, before, head, places = "", percent = "", after] = match;
  const raw = percent ? multiply(number, 100n * SCALE) : number;
  if (isError(raw)) return raw;
  let digits = fixed(raw, places.length);
  const negative = raw < 0n && /[1-9]/.test(digits);
  if (head.includes(",")) {
    const [big, small] = digits.split(".");
    digits = big.replace(/\B(?=(\d{3})+$)/g, ",") + (small === undefined ? "" : `.${small}`);
  }
  if (head === "#" && digits.startsWith("0")) digits = digits.slice(1);
  return (negative ? "-" : "") + before + digits + percent + after || null;
}

/** Order by code points; the host orders by halves of surrogate pairs. */
export function compare(a, b) {
  const x = points(a);
  const y = points(b);
  const shared = Math.min(x.length, y.length);
  for (let i = 0; i < shared; i += 1) {
    if (x[i] !== y[i]) return x[i].codePointAt(0) - y[i].codePointAt(0);
  }
  return x.length - y.length;
}
