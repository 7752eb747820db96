import { refusals } from "@/lib/core/errors";
import type { Refusal } from "@/lib/core/result";
import { messagesIn } from "@/messages";
import { messageOf } from "@/messages/refusal-message";

/** An error as problem details (RFC 9457). */
export interface Problem {
  readonly status: number;
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

export const noStore = { "Cache-Control": "private, no-store" };

export const problemHeaders = ({ retryAfter }: Problem): Record<string, string> => ({
  "Content-Type": "application/problem+json",
  ...noStore,
  ...(retryAfter ? { "Retry-After": String(retryAfter) } : {}),
});

/** The body of a problem. Its `type` is a URN, because there is no page to look it up (RFC 9457). */
export const problemText = ({ code, ...rest }: Problem): string =>
  JSON.stringify({ type: `urn:latchkey:problem:${code}`, code, ...rest });
