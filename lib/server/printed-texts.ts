import { format, stripVTControlCharacters } from "node:util";
import { bounds } from "@/lib/core/policy";
import type { Log } from "@/lib/runtime/ports";

const levels = {
  error: "error",
  warn: "warn",
  log: "info",
  info: "info",
  debug: "info",
} as const satisfies Record<string, keyof Log>;

/**
 * Makes one event of the log of whatever Next, Node and other packages print (X6). What they print may
 * contain what a stranger has sent, and would otherwise become lines of its own. Returns a function that
 * undoes it.
 */
export function logPrintedTexts(log: Log): () => void {
  const printed = (level: keyof Log, parts: readonly unknown[]) => {
    const text = stripVTControlCharacters(format(...parts)).trim();
    if (text) log[level]("console.printed", { text: text.slice(0, bounds.printedLength) });
  };
  const original = { ...console };
  const replacements = Object.entries(levels).map(([name, level]) => [
    name,
    (...parts: unknown[]) => printed(level, parts),
  ]);
  Object.assign(console, Object.fromEntries(replacements));
  const listeners = process.listeners("warning");
  process.removeAllListeners("warning");
  const onWarning = (warning: Error) => printed("warn", [warning]);
  process.on("warning", onWarning);
  return () => {
    Object.assign(console, original);
    process.off("warning", onWarning);
    for (const listener of listeners) process.on("warning", listener);
  };
}
