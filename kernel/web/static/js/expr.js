// Expressions in the browser: an interpreter of the trees that kernel.expr.to_js makes. No eval; same answers as the server.
//
//   evaluate(tree, env) -> value
//
// env: { get(path) -> value, rows(path) -> [env, ...], now: RFC 3339, zone: IANA name, holidays?: (isoDate) => isOff }.
// Paths are arrays of keys. Values in and out are those of the API: number as string (or number, or {amount}), date
// "2026-03-01", instant RFC 3339, duration in seconds, choice key, id (or {id}), array, boolean, null. A result that is an
// error comes back as {error: "#DIV/0!"}.
import { DIV0, LIMITED, NA, NUM, REF, SCALE, VALUE, canonical, isError, parse } from "./expr/numbers.js";
import { dateText, instantText, parseDay, parseInstant } from "./expr/dates.js";
import { join } from "./expr/text.js";
import { HOW, TABLE } from "./expr/functions.js";

const STEPS = 10000;
const ERRORS = Object.fromEntries([DIV0, VALUE, NUM, NA, REF, LIMITED].map((error) => [error.code, error]));

/** An outward value as one of ours; what can't be read is blank. */
function read(kind, raw) {
  if (raw === null || raw === undefined || raw === "") return null;
  if (raw.error) return ERRORS[raw.error] ?? VALUE;
  switch (kind) {
    case "number":
      return parse(typeof raw === "object" ? raw.amount : expand(raw));
    case "duration": {
      const seconds = parse(expand(raw));
      return seconds === null ? null : seconds / (SCALE / 1000000n);
    }
    case "date":
      return parseDay(String(raw));
    case "instant":
      return parseInstant(String(raw));
    case "boolean":
      return raw === true || raw === "true" ? true : raw === false || raw === "false" ? false : null;
    case "list":
      return Array.isArray(raw) && raw.length ? raw.map((item) => item?.id ?? item) : null;
    default:
      return typeof raw === "object" ? (raw.id ?? null) : String(raw);
  }
}
/** A host number as plain digits (they turn to exponents beyond 21 digits and below 10^-6). */
const expand = (raw) => (typeof raw === "number" && /e/.test(String(raw)) ? raw.toFixed(12) : raw);

/** One of our values as the API writes it. */
function write(kind, value) {
  if (value === null) return null;
  if (isError(value)) return { error: value.code };
  switch (kind) {
    case "number":
      return canonical(value);
    case "duration":
      return canonical(value * (SCALE / 1000000n));
    case "date":
      return dateText(value);
    case "instant":
      return instantText(value);
    default:
      return value;
  }
}

const LAZY = {
  IF(frame, args) {
    const met = run(args[0], frame);
    if (isError(met)) return met;
    return met === true ? run(args[1], frame) : args[2] ? run(args[2], frame) : null;
  },
  IFS(frame, args) {
    for (let i = 0; i < args.length; i += 2) {
      const met = run(args[i], frame);
      if (isError(met)) return met;
      if (met === true) return run(args[i + 1], frame);
    }
    return NA;
  },
  SWITCH(frame, args) {
    const value = run(args[0], frame);
    if (isError(value)) return value;
    let i = 1;
    for (; i + 1 < args.length; i += 2) {
      const found = run(args[i], frame);
      if (isError(found)) return found;
      if (found === value) return run(args[i + 1], frame);
    }
    return i < args.length ? run(args[i], frame) : NA;
  },
  AND(frame, args) {
    for (const arg of args) {
      const met = run(arg, frame);
      if (met !== true) return isError(met) ? met : false;
    }
    return true;
  },
  OR(frame, args) {
    for (const arg of args) {
      const met = run(arg, frame);
      if (met === true || isError(met)) return met;
    }
    return false;
  },
  IFERROR(frame, args) {
    const value = run(args[0], frame);
    return isError(value) ? run(args[1], frame) : value;
  },
  ISERROR: (frame, args) => isError(run(args[0], frame)),
  COALESCE(frame, args) {
    for (const arg of args) {
      const value = run(arg, frame);
      if (value !== null) return value;
    }
    return null;
  },
};

function at(frame, level) {
  let found = frame;
  for (let i = 0; i < level; i += 1) found = found.outer;
  return found;
}

function apply(op, args, frame) {
  if (Object.hasOwn(LAZY, op)) return LAZY[op](frame, args);
  const [act, blank] = TABLE[op];
  const values = args.map((arg) => run(arg, frame));
  const error = values.find(isError);
  if (error) return error;
  if (blank !== "raw" && values.includes(null)) return blank === "false" ? false : null;
  return act(frame.root, ...values);
}

function aggregate([, how, path, level, valueNode, conditionNode, markNode], frame) {
  const mark = markNode ? run(markNode, frame) : null;
  if (isError(mark)) return mark;
  const values = [];
  let failed = null;
  for (const env of at(frame, level).env.rows(path)) {
    frame.root.steps += 1;
    if (frame.root.steps > STEPS) return LIMITED;
    const row = { env, outer: frame, root: frame.root };
    if (conditionNode) {
      const met = run(conditionNode, row);
      if (met !== true) {
        if (isError(met)) failed ??= met;
        continue;
      }
    }
    const value = valueNode ? run(valueNode, row) : true;
    if (isError(value)) failed ??= value;
    else if (value !== null || how === "ANY" || how === "ALL") values.push(value);
  }
  if (failed) return failed;
  return how === "JOIN" ? join(mark, values) : HOW[how](values);
}

function run(node, frame) {
  switch (node[0]) {
    case "c":
      return read(node[1], node[2]);
    case "f":
      return read(node[1], at(frame, node[3]).env.get(node[2]));
    case "r":
      return aggregate(node, frame);
    default:
      return apply(node[1], node[2], frame);
  }
}

/** The value of a tree for one record. */
export function evaluate(tree, env) {
  const root = { env, outer: null, steps: 0, now: parseInstant(env.now ?? ""), zone: env.zone ?? "UTC", holidays: env.holidays };
  root.root = root;
  return write(tree.type, run(tree.node, root));
}
