import pino from "pino";
import type { Env } from "@/lib/core/env";
import type { Log } from "@/lib/runtime/ports";

// Nothing secret should come this far. What does all the same (an address in a driver's message, a
// token in a path) is taken out by its shape (L6, I7).
const shapes: [RegExp, string][] = [
  [/\nparams: .*/g, ""],
  [/\/l\/[^\s"'?#]+/g, "/l/[redacted]"],
  [/(?<![^\s@"'<>(),;:/])[^\s@"'<>(),;:/]+(@|%40)[^\s@"'<>(),;:/]+/gi, "[address]"],
  [/[A-Za-z0-9_-]{43,}/g, "[secret]"],
];

const scrubText = (text: string) =>
  shapes.reduce((left, [shape, instead]) => left.replace(shape, instead), text);

/** `within` are the objects it stands in, so that one that holds itself ends. */
function scrub(value: unknown, within: readonly object[] = []): unknown {
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
  if (within.includes(value)) return "[itself]";
  const deeper = [...within, value];
  if (Array.isArray(value)) return value.map((inner) => scrub(inner, deeper));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [scrubText(key), scrub(inner, deeper)]),
  );
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
  const logLine =
    (level: "info" | "warn" | "error"): Log["info"] =>
    (event, facts = {}) =>
      out[level](scrub(facts), scrubText(event));
  return { info: logLine("info"), warn: logLine("warn"), error: logLine("error") };
}
