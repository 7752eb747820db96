/** A letter in its final bytes. */
export interface Message {
  /** The outbox row: the same on every retry, so that a provider can tell (I5). */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

/** Hands a message over. Not getting it there is an answer; the outbox tries again later. */
export type Mailer = (
  message: Message,
) => Promise<{ sent: true } | { sent: false; reason: string }>;
