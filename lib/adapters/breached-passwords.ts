import { createHash } from "node:crypto";
import { STATUS_CODES } from "node:http";
import { pwnedPasswordRange } from "hibp";
import type { Log } from "@/lib/runtime/ports";
import { intervals } from "@/lib/core/policy";

/**
 * Whether a password is in published breaches, by a service with the API of Pwned Passwords (P6). The
 * service receives only the first 5 of the 40 hex digits of the SHA-1, and returns all suffixes that
 * it knows for them, padded so that the response's length reveals nothing. After an error or
 * `intervals.breachLookup` seconds the result is false, with a warning in the log.
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
  // Padding entries have the count 0.
  return (result[digest.slice(5)] ?? 0) > 0;
}

/** A proxy on the way may respond with 200 and an error page. */
function isRange(result: Record<string, number>) {
  const suffixes = Object.keys(result);
  return suffixes.length > 0 && suffixes.every((suffix) => /^[0-9A-F]{35}$/.test(suffix));
}

/** The reason for the log, without texts of the service: they may repeat the request. */
function reasonOf(result: object) {
  if (!(result instanceof Error)) return "not a range";
  const { name, message, cause } = result as Error & { cause?: { code?: string } };
  return cause?.code ?? (Object.values(STATUS_CODES).includes(message) ? message : name);
}
