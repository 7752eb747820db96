/** A message that a client sent to Postgres. */
interface FrontendMessage {
  readonly bytes: Buffer;
  /** The SQL that Postgres runs because of it, a simple query or an Execute; null for other messages. */
  readonly statement: string | null;
}

/**
 * Divides what a client sends to Postgres into messages (version 3.0 of the protocol). A startup packet
 * and an SSLRequest have no type byte. What is encrypted has no messages.
 */
export class FrontendMessages {
  #rest: Buffer = Buffer.alloc(0);
  #isStarted = false;
  #isReadable = true;
  /** The SQL of each prepared statement, by name. */
  readonly #prepared = new Map<string, string>();
  /** The SQL of the last Bind, which the next Execute runs. */
  #bound = "";

  /** The messages that are complete with this chunk. */
  read(chunk: Buffer): FrontendMessage[] {
    if (!this.#isReadable) return [];
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const messages: FrontendMessage[] = [];
    for (;;) {
      const header = this.#isStarted ? 1 : 0;
      if (this.#rest.length < header + 4) return messages;
      const length = header + this.#rest.readInt32BE(header);
      if (length < header + 4) this.#isReadable = false;
      if (!this.#isReadable) return [];
      if (this.#rest.length < length) return messages;
      const bytes = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      messages.push(this.#isStarted ? this.#message(bytes) : this.#startup(bytes));
    }
  }

  #startup(bytes: Buffer): FrontendMessage {
    // 80877103 and 80877104 ask for encryption; the startup packet follows.
    this.#isStarted = bytes.readInt32BE(4) >> 16 === 3;
    return { bytes, statement: null };
  }

  #message(bytes: Buffer): FrontendMessage {
    const type = String.fromCharCode(bytes[0]!);
    const body = bytes.subarray(5);
    const [first = "", second = ""] = body.toString("latin1").split("\0");
    if (type === "P") this.#prepared.set(first, second);
    if (type === "B") this.#bound = this.#prepared.get(second) ?? "";
    const statement = type === "Q" ? first : type === "E" ? this.#bound : null;
    return { bytes, statement };
  }
}
