// The function table of the browser: the same ops as kernel/expr/functions, each with what a blank does to it.
// An entry is [run, blank]: "blank" makes the result blank, "false" makes it FALSE, "raw" leaves it to run. run(env, ...values).
import * as n from "./numbers.js";
import * as d from "./dates.js";
import * as t from "./text.js";

const present = (values) => values.filter((value) => value !== null);
const least = (values) => (values.length ? values.reduce((a, b) => (b < a ? b : a)) : null);
const most = (values) => (values.length ? values.reduce((a, b) => (b > a ? b : a)) : null);
const total = (values) => values.reduce((a, b) => a + b, 0n);

/** What an aggregate does with its values, blanks already left out (ANY and ALL: with blanks in). */
export const HOW = {
  COUNT: (v) => n.int(v.length),
  SUM: (v) => n.settle(total(v)),
  SUM_SPAN: (v) => d.span(total(v)),
  AVERAGE: (v) => (v.length ? n.divideRound(total(v), BigInt(v.length)) : null),
  AVERAGE_SPAN: (v) => (v.length ? n.divideRound(total(v), BigInt(v.length)) : null),
  MIN: least,
  MAX: most,
  ANY: (v) => v.some((value) => value === true),
  ALL: (v) => v.every((value) => value === true),
  FIRST: (v) => (v.length ? v[0] : null),
  LAST: (v) => (v.length ? v[v.length - 1] : null),
};

const plain = (run, blank = "blank") => [(_env, ...values) => run(...values), blank];
const withEnv = (run) => [run, "blank"];
const listed = (how) => [(_env, ...values) => HOW[how](present(values)), "raw"];
const order = (a, b) => (typeof a === "string" ? t.compare(a, b) : a < b ? -1 : a > b ? 1 : 0);
const part = (name) => withEnv((env, at) => n.int(d.local(at, env.zone)[name]));
const dayPart = (pick) => withEnv((env, at) => n.int(pick(d.fromDay(d.dayOf(at, env.zone)))));

export const TABLE = {
  "=": plain((a, b) => order(a, b) === 0, "false"),
  "<>": plain((a, b) => order(a, b) !== 0, "false"),
  "<": plain((a, b) => order(a, b) < 0, "false"),
  "<=": plain((a, b) => order(a, b) <= 0, "false"),
  ">": plain((a, b) => order(a, b) > 0, "false"),
  ">=": plain((a, b) => order(a, b) >= 0, "false"),
  neg: plain((a) => -a),
  neg_span: plain((a) => -a),
  add: plain((a, b) => n.settle(a + b)),
  sub: plain((a, b) => n.settle(a - b)),
  mul: plain(n.multiply),
  div: plain(n.divide),
  add_days: plain((a, b) => d.addDays(a, n.whole(b))),
  sub_days: plain((a, b) => d.addDays(a, -n.whole(b))),
  days_between: plain((a, b) => n.int(a - b)),
  add_span: plain((a, b) => d.moment(a + b)),
  sub_span: plain((a, b) => d.moment(a - b)),
  span_between: plain((a, b) => a - b),
  add_spans: plain((a, b) => d.span(a + b)),
  sub_spans: plain((a, b) => d.span(a - b)),
  mul_span: plain((a, b) => d.roundedSpan(a * b)),
  div_span: plain((a, b) => (b === 0n ? n.DIV0 : d.span(n.divideRound(a * n.SCALE, b)))),
  ratio: plain((a, b) => (b === 0n ? n.DIV0 : n.fromRatio(a, b))),
  join: plain((a, b) => t.made((a ?? "") + (b ?? "")), "raw"),
  number_text: plain(n.canonical),
  boolean_text: plain((a) => (a ? "TRUE" : "FALSE")),
  date_text: plain(d.dateText),
  instant_text: withEnv((env, at) => d.formatDate(at, "yyyy-mm-dd hh:mm", env.zone)),
  nothing: plain(() => null, "raw"),
  count_list: plain((a) => n.int(a ? a.length : 0), "raw"),

  NOT: plain((a) => a !== true, "raw"),
  XOR: plain((...values) => values.filter((value) => value === true).length % 2 === 1, "raw"),
  ISBLANK: plain((a) => a === null, "raw"),
  IN: plain((a, ...options) => a !== null && options.includes(a), "raw"),
  HAS: plain((list, option) => list.includes(option), "false"),

  LEN: plain((a) => n.int(t.length(a ?? "")), "raw"),
  LEFT: plain(t.left),
  RIGHT: plain(t.right),
  MID: plain(t.mid),
  UPPER: plain(t.upper),
  LOWER: plain(t.lower),
  TRIM: plain(t.trim),
  CONCAT: plain((...values) => t.join("", present(values)), "raw"),
  TEXTJOIN: plain((mark, ...values) => t.join(mark, present(values)), "raw"),
  SUBSTITUTE: plain(t.substitute, "raw"),
  REPLACE: plain(t.replace, "raw"),
  FIND: plain(t.find),
  SEARCH: plain(t.search),
  CONTAINS: plain((a, b) => a.includes(b), "false"),
  STARTSWITH: plain((a, b) => a.startsWith(b), "false"),
  ENDSWITH: plain((a, b) => a.endsWith(b), "false"),
  EXACT: plain((a, b) => a === b, "false"),
  REPT: plain(t.rept),
  TEXT: plain(t.formatNumber),
  "TEXT/date": withEnv((env, at, pattern) => d.formatDate(at, pattern, env.zone)),
  "TEXT/instant": withEnv((env, at, pattern) => d.formatDate(at, pattern, env.zone)),
  VALUE: plain(t.value),

  ABS: plain(n.abs),
  ROUND: plain(n.round),
  ROUNDUP: plain(n.roundUp),
  ROUNDDOWN: plain(n.roundDown),
  TRUNC: plain(n.roundDown),
  INT: plain((a) => n.settle(a - n.floorMod(a, n.SCALE))),
  MOD: plain((a, b) => (b === 0n ? n.DIV0 : n.floorMod(a, b))),
  POWER: plain(n.power),
  SQRT: plain(n.sqrt),
  SIGN: plain((a) => n.int(a > 0n ? 1 : a < 0n ? -1 : 0)),
  CEILING: plain(n.ceiling),
  FLOOR: plain(n.floor),
  CLAMP: plain((a, low, high) => (low > high ? n.NUM : a < low ? low : a > high ? high : a)),

  SUM: listed("SUM"),
  SUM_SPAN: listed("SUM_SPAN"),
  AVERAGE: listed("AVERAGE"),
  AVERAGE_SPAN: listed("AVERAGE_SPAN"),
  MIN: listed("MIN"),
  MAX: listed("MAX"),
  COUNT: listed("COUNT"),

  TODAY: withEnv((env) => d.local(env.now, env.zone).day),
  NOW: withEnv((env) => env.now),
  DATE: plain(d.makeDate),
  YEAR: dayPart((at) => at.y),
  MONTH: dayPart((at) => at.m),
  DAY: dayPart((at) => at.d),
  QUARTER: dayPart((at) => Math.floor((at.m + 2) / 3)),
  WEEKDAY: withEnv((env, at, kind) => d.weekday(d.dayOf(at, env.zone), kind)),
  WEEKNUM: withEnv((env, at, kind) => d.weeknum(d.dayOf(at, env.zone), kind)),
  HOUR: part("hour"),
  MINUTE: part("minute"),
  SECOND: part("second"),
  DATEDIF: plain(d.datedif),
  EDATE: plain((day, months) => d.edate(day, n.whole(months))),
  EOMONTH: plain((day, months) => d.eomonth(day, n.whole(months))),
  STARTOFMONTH: withEnv((env, at) => {
    const { y, m } = d.fromDay(d.dayOf(at, env.zone));
    return d.toDay(y, m, 1);
  }),
  STARTOFWEEK: withEnv((env, at) => {
    const day = d.dayOf(at, env.zone);
    return day - (day % 7);
  }),
  TODATE: withEnv((env, at) => d.dayOf(at, env.zone)),
  DATEVALUE: plain(d.datevalue),
  "DAYS/between": plain((end, start) => n.int(end - start)),
  WORKDAY: withEnv((env, start, days) => d.workday(env, start, days, n.LIMITED)),
  NETWORKDAYS: withEnv((env, start, end) => d.networkdays(env, start, end, n.LIMITED)),
};
for (const [unit, us] of Object.entries(d.UNITS)) {
  TABLE[`${unit}/make`] = plain((count) => d.roundedSpan(count * us));
  TABLE[`${unit}/in`] = plain((length) => n.fromRatio(length, us));
}
