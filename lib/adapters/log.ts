import pino from "pino";
import type { Env } from "@/lib/core/env";
import type { Log } from "@/lib/runtime/ports";
import { bounds } from "@/lib/core/policy";

// No secret should reach the log. A second defence replaces what looks like one, such as an address
// in a driver's message or a token in a path (L6, I7).
const shapes: [RegExp, string][] = [
  [/\nparams: .*/g, ""],
  [/\/l\/[^\s"'?#]+/g, "/l/[redacted]"],
  [/(?<![^\s@"'<>(),;:/])[^\s@"'<>(),;:/]+(@|%40)[^\s@"'<>(),;:/]+/gi, "[address]"],
  [/[A-Za-z0-9_-]{43,}/g, "[secret]"],
];

const scrubText = (text: string) =>
  shapes.reduce((scrubbed, [shape, replacement]) => scrubbed.replace(shape, replacement), text);

/**
 * What JSON may contain as it is: terminals obey C1 controls, and format characters change what a line
 * shows.
 */
const unseen = /[\u007f-\u009f\u2028\u2029]|\p{Cf}/gu;

const escapeUnseen = (json: string) =>
  json.replace(unseen, (one) =>
    Array.from(
      { length: one.length },
      (_, at) => `\\u${one.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""),
  );

/** `ancestors` are the objects that contain the value: a circular reference ends the recursion. */
function scrub(value: unknown, ancestors: readonly object[] = []): unknown {
  if (typeof value === "string") return scrubText(value);
  if (value instanceof Date) return value.toJSON();
  if (value instanceof Error)
    return {
      name: scrubText(value.name),
      message: scrubText(value.message),
      stack: scrubText(value.stack ?? ""),
      ...(value.cause ? { cause: scrub(value.cause) } : {}),
    };
  if (!value || typeof value !== "object") return value;
  if (ancestors.includes(value)) return "[itself]";
  const deeper = [...ancestors, value];
  if (Array.isArray(value)) return value.map((inner) => scrub(inner, deeper));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [scrubText(key), scrub(inner, deeper)]),
  );
}

/**
 * One JSON line per event on standard output (X6), or on another open file. info: done. warn: refused or
 * suspicious. error: an administrator has to act.
 */
export function createLog({ logLevel }: Pick<Env, "logLevel">, output = 1): Log {
  // A line that cannot be written must not fail its request: without a listener the error is thrown.
  // Lines wait for a full disk to have space again; beyond the bound they are dropped.
  const destination = pino
    .destination({ fd: output, sync: true, maxLength: bounds.logBufferBytes })
    .on("error", () => {});
  const out = pino(
    {
      level: logLevel,
      base: null,
      messageKey: "event",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: escapeUnseen },
    },
    destination,
  );
  const logLine =
    (level: "info" | "warn" | "error"): Log["info"] =>
    (event, facts = {}) =>
      out[level](scrub(facts), scrubText(event));
  return { info: logLine("info"), warn: logLine("warn"), error: logLine("error") };
}
