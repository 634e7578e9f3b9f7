// Exact numbers: whole counts of 10^-12 as BigInt, at most 26 digits before the point. Mirrors kernel/expr/numbers.py.

export const SCALE = 10n ** 12n;
const LIMIT = 10n ** 38n;

/** An error as a value: it spreads until IFERROR or ISERROR catches it. */
export class ErrorValue {
  constructor(code) {
    this.code = code;
  }
}
export const DIV0 = new ErrorValue("#DIV/0!");
export const VALUE = new ErrorValue("#VALUE!");
export const NUM = new ErrorValue("#NUM!");
export const NA = new ErrorValue("#N/A");
export const REF = new ErrorValue("#REF!");
export const LIMITED = new ErrorValue("#LIMIT!");

export const isError = (value) => value instanceof ErrorValue;
export const abs = (a) => (a < 0n ? -a : a);
export const whole = (a) => a / SCALE; // towards zero
export const int = (n) => BigInt(n) * SCALE;

/** The number, or #NUM! beyond the limit. */
export const settle = (a) => (abs(a) < LIMIT ? a : NUM);

/** n / d rounded half away from zero to a whole BigInt. */
export function divideRound(n, d) {
  const negative = n < 0n !== d < 0n;
  const q = (2n * abs(n) + abs(d)) / (2n * abs(d));
  return negative ? -q : q;
}

/** n / d as a number. */
export const fromRatio = (n, d) => settle(divideRound(n * SCALE, d));
export const multiply = (a, b) => settle(divideRound(a * b, SCALE));
export const divide = (a, b) => (b === 0n ? DIV0 : fromRatio(a, b));

/** What is left of a, with the sign of b. */
export function floorMod(a, b) {
  const rest = a % b;
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
}
export const floorDiv = (a, b) => (a - floorMod(a, b)) / b;

/** Plain digits to a number; places beyond the twelfth are rounded. Null for anything else. */
export function parse(text) {
  const match = /^([+-]?)([0-9]*)(?:\.([0-9]*))?$/.exec(String(text).trim());
  if (!match || !(match[2] || match[3])) return null;
  const fraction = (match[3] || "").padEnd(12, "0");
  let value = BigInt((match[2] || "0") + fraction.slice(0, 12));
  if (fraction.length > 12 && fraction[12] >= "5") value += 1n;
  return match[1] === "-" ? -value : value;
}

/** Digits with exactly so many places, without a sign. */
export function fixed(a, places) {
  const digits = divideRound(abs(a), 10n ** BigInt(12 - places)).toString().padStart(places + 1, "0");
  return places ? `${digits.slice(0, -places)}.${digits.slice(-places)}` : digits;
}

/** Plain digits without trailing zeros; equal numbers have equal texts. */
export function canonical(a) {
  const text = fixed(a, 12).replace(/\.?0+$/, "");
  return a < 0n ? `-${text}` : text;
}

const step = (places) => (places >= 12 ? 1n : 10n ** BigInt(12 - places));
const clampPlaces = (places) => {
  const n = whole(places);
  return Number(n < -27n ? -27n : n > 12n ? 12n : n);
};
export const truncate = (a, places) => (a / step(places)) * step(places);

export const round = (a, places = 0n) => {
  const s = step(clampPlaces(places));
  return settle(divideRound(a, s) * s);
};
export const roundDown = (a, places = 0n) => truncate(a, clampPlaces(places));
export const roundUp = (a, places = 0n) => {
  const at = clampPlaces(places);
  const cut = truncate(a, at);
  return cut === a ? a : settle(cut + (a < 0n ? -step(at) : step(at)));
};
export const floor = (a, by = SCALE) => {
  if (by === 0n) return DIV0;
  return a > 0n && by < 0n ? NUM : settle(a - floorMod(a, by));
};
export const ceiling = (a, by = SCALE) => {
  if (by === 0n) return 0n;
  if (a > 0n && by < 0n) return NUM;
  const rest = floorMod(a, by);
  return rest === 0n ? a : settle(a - rest + by);
};

export function power(base, exponent) {
  if (exponent % SCALE !== 0n || abs(exponent) > 1000n * SCALE) return NUM;
  const times = Number(exponent / SCALE);
  if (base === 0n) return times === 0 ? SCALE : times > 0 ? 0n : DIV0;
  const digits = abs(base).toString();
  const log = Math.log10(Number(`0.${digits.slice(0, 17)}`)) + digits.length - 12;
  const size = times * log;
  if (size > 27) return NUM;
  if (size < -14) return 0n;
  const count = BigInt(Math.abs(times));
  const top = base ** count;
  const bottom = SCALE ** count;
  return times >= 0 ? fromRatio(top, bottom) : fromRatio(bottom, top);
}

function wholeRoot(n) {
  if (n < 2n) return n;
  let x = 1n << BigInt((n.toString(2).length + 1) >> 1);
  for (;;) {
    const y = (x + n / x) >> 1n;
    if (y >= x) return x;
    x = y;
  }
}
export const sqrt = (a) => (a < 0n ? NUM : (wholeRoot(4n * a * SCALE) + 1n) / 2n);
