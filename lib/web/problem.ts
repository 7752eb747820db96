import { refusals } from "@/lib/core/errors";
import type { Refusal } from "@/lib/core/result";
import { messagesIn } from "@/messages";
import { messageOf } from "@/messages/errors";

/** What a program is told of a problem (RFC 9457). */
export interface Problem {
  readonly status: number;
  /** Stable: programs may rely on it. */
  readonly code: string;
  readonly title: string;
  readonly [member: string]: unknown;
}

/** What programs read, whatever language the installation's pages are in. */
export const english = messagesIn("en");

/** A refusal as a problem: its code, its message, and what to quote to support. */
export const problemOf = (refusal: Refusal): Problem => {
  const { code, field, retryAfter, reference } = refusal;
  const { status } = refusals[code];
  const title = messageOf(english, refusal);
  return { status, code, title, field, retryAfter, requestId: reference };
};

/** No answer of the JSON face is kept by anybody on its way. */
export const noStore = { "Cache-Control": "private, no-store" };

/** The headers of a problem: what it is, that nobody keeps it, and when to come again. */
export const problemHeaders = ({ retryAfter }: Problem): Record<string, string> => ({
  "Content-Type": "application/problem+json",
  ...noStore,
  ...(retryAfter ? { "Retry-After": String(retryAfter) } : {}),
});

/** Its body. The type is a name, not an address: nothing is to be looked up there. */
export const problemText = ({ code, ...rest }: Problem): string =>
  JSON.stringify({ type: `urn:latchkey:problem:${code}`, code, ...rest });
