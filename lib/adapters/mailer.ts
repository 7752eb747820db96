import type { Duration } from "@/lib/core/duration";
import { bounds } from "@/lib/core/policy";

/** Name and address of a sender. Never a text, so that no header has to be parsed. */
export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

/** A rendered letter, stored so that every retry sends the same bytes (X3). */
export interface Message {
  /** The id of the outbox row: also the Message-ID and the idempotency key. */
  readonly id: string;
  readonly from: Mailbox;
  readonly to: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  /** The Date header, as ISO 8601 text. */
  readonly date: string;
}

/**
 * The outcome of one attempt. A failure is a value: the outbox tries again, no earlier than after
 * `retryAfter`. `refused`: the recipient's side has rejected the message, so no retry follows.
 */
export type Delivery =
  | { readonly sent: true }
  | { readonly sent: false; readonly reason: string; readonly retryAfter?: Duration | undefined }
  | { readonly sent: false; readonly reason: string; readonly refused: true };

export type Mailer = (message: Message) => Promise<Delivery>;

/**
 * Headers of every email. `Auto-Submitted` stops automatic replies (RFC 3834); `X-Entity-Ref-ID` stops
 * mail programs from grouping emails into one conversation.
 */
export const headersOf = ({ id, from }: Message) => ({
  "Message-ID": `<${id}@${from.address.split("@")[1]}>`,
  "Auto-Submitted": "auto-generated",
  "X-Entity-Ref-ID": id,
});

/** The start of a server's reply, on one line and without codes that it may quote from the email. */
export const quoted = (text: string) =>
  text
    .replace(/\s+/g, " ")
    .replace(/\d{6,}/g, "[number]")
    .slice(0, bounds.quotedReply)
    .trim();
