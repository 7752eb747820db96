import { createHash } from "node:crypto";
import { STATUS_CODES } from "node:http";
import { pwnedPasswordRange } from "hibp";
import type { Log } from "@/lib/runtime/ports";
import { intervals } from "@/lib/core/policy";

/**
 * Whether a password is in the published lists of stolen ones, by a service that speaks as Pwned
 * Passwords does (P6). It is told the first 5 of the 40 hex digits of the SHA-1 and answers with all
 * it knows that begin so, padded, so that not even the answer's length tells who asked for what.
 * One that fails, or takes longer than `intervals.breachLookup` in all, stops nobody: false, and a
 * line in the log.
 */
export async function isBreached(password: string, baseUrl: string, log: Log): Promise<boolean> {
  const digest = createHash("sha1").update(password).digest("hex").toUpperCase();
  const result = await pwnedPasswordRange(digest.slice(0, 5), {
    baseUrl,
    addPadding: true,
    signal: AbortSignal.timeout(intervals.breachLookup * 1000),
    userAgent: "Latchkey",
  }).catch((error: Error) => error);
  if (result instanceof Error || !isRange(result)) {
    log.warn("breach_lookup.failed", { reason: reasonOf(result) });
    return false;
  }
  // Padding counts 0.
  return (result[digest.slice(5)] ?? 0) > 0;
}

/** Whoever stands in between may answer 200 and mean something else. */
function isRange(result: Record<string, number>) {
  const suffixes = Object.keys(result);
  return suffixes.length > 0 && suffixes.every((suffix) => /^[0-9A-F]{35}$/.test(suffix));
}

/** In words that are not the service's: those may repeat what it was asked. */
function reasonOf(result: object) {
  if (!(result instanceof Error)) return "not a range";
  const { name, message, cause } = result as Error & { cause?: { code?: string } };
  return cause?.code ?? (Object.values(STATUS_CODES).includes(message) ? message : name);
}
