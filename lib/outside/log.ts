import pino from "pino";
import type { Env } from "@/lib/env";
import type { Log } from "@/lib/flow";

// Nothing secret should come this far. What does all the same (an address in a driver's message, a
// token in a path) is taken out by its shape (L6, I7).
const shapes: [RegExp, string][] = [
  [/\nparams: .*/g, ""],
  [/\/l\/[^\s"'?#]+/g, "/l/[redacted]"],
  [/[^\s@"'<>(),;:]+@[^\s@"'<>(),;:]+/g, "[address]"],
  [/[A-Za-z0-9_-]{43,}/g, "[secret]"],
];

const scrubText = (text: string) =>
  shapes.reduce((left, [shape, instead]) => left.replace(shape, instead), text);

function scrub(value: unknown): unknown {
  if (typeof value === "string") return scrubText(value);
  if (value instanceof Error)
    return {
      name: value.name,
      message: scrubText(value.message),
      stack: scrubText(value.stack ?? ""),
      ...(value.cause ? { cause: scrub(value.cause) } : {}),
    };
  if (Array.isArray(value)) return value.map(scrub);
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, scrub(inner)]));
  return value;
}

/** One JSON line per event on standard output: info = done, warn = refused or suspicious, error = act (X6). */
export function createLog({ logLevel }: Pick<Env, "logLevel">): Log {
  const out = pino({
    level: logLevel,
    base: null,
    messageKey: "event",
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
  const line =
    (level: "info" | "warn" | "error"): Log["info"] =>
    (event, facts = {}) =>
      out[level](scrub(facts), event);
  return { info: line("info"), warn: line("warn"), error: line("error") };
}
