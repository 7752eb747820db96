import type { Duration } from "@/lib/core/duration";

/** A mailbox as it goes into an envelope: an object, never parsed from text again. */
export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

/** A letter in its final form, kept so that every retry sends the same bytes (X3). */
export interface Message {
  /** The outbox row: Message-ID, idempotency key and reference are made of it. */
  readonly id: string;
  readonly from: Mailbox;
  readonly to: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  /** Its Date header, as ISO text. */
  readonly date: string;
}

/**
 * What came of handing a message over. Not getting it there is an answer, not an error: the outbox
 * tries again later, at the provider's own time if it named one. `refused`: no later try can help,
 * the receiving side does not want it.
 */
export type Delivery =
  | { readonly sent: true }
  | { readonly sent: false; readonly reason: string; readonly retryAfter?: Duration | undefined }
  | { readonly sent: false; readonly reason: string; readonly refused: true };

export type Mailer = (message: Message) => Promise<Delivery>;

/** The headers every mail of ours has, besides those of any mail: machine-made, and each its own. */
export const headersOf = ({ id, from }: Message) => ({
  "Message-ID": `<${id}@${from.address.split("@")[1]}>`,
  "Auto-Submitted": "auto-generated",
  "X-Entity-Ref-ID": id,
});
