import { setTimeout as sleep } from "node:timers/promises";
import PostalMime from "postal-mime";
import type { startFakeSmtp } from "@/test/support/fake-smtp";

export type MailServer = Awaited<ReturnType<typeof startFakeSmtp>>;

/** A letter that arrived by SMTP, as its reader uses it. */
export interface SmtpLetter {
  readonly messageId: string;
  /** The path of its link; "" without one. */
  readonly path: string;
  /** Its code; "" without one. */
  readonly code: string;
}

/** What a mail server of the tests has accepted, by address. */
export class SmtpInbox {
  readonly #read = new Set<object>();

  constructor(private readonly server: MailServer) {}

  async lettersTo(address: string): Promise<SmtpLetter[]> {
    return Promise.all(this.#arrivalsTo(address).map(({ raw }) => parse(raw)));
  }

  /** Waits for the next letter to an address that was not read yet. */
  async nextTo(address: string): Promise<SmtpLetter> {
    for (let tries = 0; tries < 2_400; tries += 1) {
      const arrival = this.#arrivalsTo(address).find((one) => !this.#read.has(one));
      if (arrival) {
        // Copies of the same letter count as read, too.
        const letter = await parse(arrival.raw);
        for (const one of this.#arrivalsTo(address))
          if ((await parse(one.raw)).messageId === letter.messageId) this.#read.add(one);
        return letter;
      }
      await sleep(50);
    }
    throw new Error(`No letter to ${address} arrived.`);
  }

  /** Counts all letters to an address so far as read. */
  discard(address: string): void {
    for (const arrival of this.#arrivalsTo(address)) this.#read.add(arrival);
  }

  /** Without those about new devices, which any sign-in may cause. */
  #arrivalsTo = (address: string) =>
    this.server.accepted.filter(
      ({ to, raw }) => to.includes(address) && !/^Subject: New sign-in to /m.test(raw),
    );
}

async function parse(raw: string): Promise<SmtpLetter> {
  const { messageId = "", text = "" } = await PostalMime.parse(Buffer.from(raw, "latin1"));
  const [, path = ""] = /https?:\/\/[^/\s]+(\/l\/(?:\w+\/)?[\w-]{43})/.exec(text) ?? [];
  const [code = ""] = /\b\d{6}\b/.exec(text) ?? [];
  return { messageId, path, code };
}
