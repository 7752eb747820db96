import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { FrontendMessages } from "./frontend-messages";

type Mode = "through" | "cut" | "silent";

/**
 * A TCP proxy between the server and its Postgres or Redis that can fail in every way in which a network
 * or a server does: slow, reset, half-open, silent, gone, or gone at a certain point of a transaction.
 */
export class FaultProxy {
  #mode: Mode = "through";
  #left = Infinity;
  #latencyMs = 0;
  #statementsLeft = Infinity;
  #lostCommit: LostCommit | null = null;
  #interruption: Interruption | null = null;
  #accepted = 0;
  readonly #pairs = new Set<Pair>();
  readonly #server: Server;
  #port = 0;

  private constructor(private target: URL) {
    // As on a real network, a lost end does not close the other side.
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#join(client));
  }

  static async before(url: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(new URL(url));
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    const address = proxy.#server.address();
    if (address === null || typeof address === "string") throw new Error("No port was free.");
    proxy.#port = address.port;
    return proxy;
  }

  /** The target's URL through this proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = "127.0.0.1";
    url.port = String(this.#port);
    return url.href;
  }

  /** The target is gone: connections break, and new ones are refused. */
  cut(): void {
    this.#mode = "cut";
    for (const { sockets } of this.#pairs) sockets.forEach((socket) => socket.destroy());
  }

  /** Existing connections are reset (RST), as by a firewall or a crashed host; new ones work. */
  reset(): void {
    for (const pair of this.#pairs) resetPair(pair);
  }

  /** The target neither responds nor refuses. */
  fallSilent(): void {
    this.#mode = "silent";
  }

  /** Existing connections deliver nothing and stay open; new ones work. */
  halfOpen(): void {
    for (const pair of this.#pairs) pair.lost = true;
  }

  /** From now on, each chunk of bytes takes this long in either direction. */
  delay(milliseconds: number): void {
    this.#latencyMs = milliseconds;
  }

  /** New connections go to another target, as after a DNS change; existing ones stay. */
  leadTo(url: string): void {
    this.target = new URL(url);
  }

  /** Lets this many more messages through, then cuts the connections. Their responses are lost. */
  cutAfter(messages: number): void {
    this.#left = messages;
  }

  /**
   * The statement with this number, counted from now, reaches Postgres whole, which runs it. Its
   * connection is reset before the answer arrives; others work. For connections without TLS.
   */
  loseAnswerTo(statement: number): void {
    this.#statementsLeft = statement;
  }

  /**
   * The statement with this number, counted from now, reaches Postgres whole. Its answer arrives after
   * `act`, such as ending its connection or the process that sent it. For connections without TLS.
   */
  interruptAt(statement: number, act: () => Promise<unknown>): void {
    this.#interruption = { left: statement, act };
  }

  /**
   * The next COMMIT of a transaction that has sent this text, such as the event of its audit row, reaches
   * Postgres to its last byte, which commits. The connection is reset before the answer arrives; others
   * work. Resolves after Postgres has answered. For connections without TLS.
   */
  loseCommitOf(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.#lostCommit = { text: Buffer.from(text), resolve };
    });
  }

  /** The target is back and fast. Silent connections are lost: they never deliver. */
  restore(): void {
    this.#mode = "through";
    this.#left = Infinity;
    this.#latencyMs = 0;
    this.#statementsLeft = Infinity;
    this.#lostCommit = null;
    this.#interruption = null;
  }

  get isCut(): boolean {
    return this.#mode === "cut";
  }

  /** How many connections there are now, lost ones included, and how many were ever accepted. */
  get connections(): { open: number; accepted: number } {
    return { open: this.#pairs.size, accepted: this.#accepted };
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Counts a statement; at the one to interrupt, starts what its answer waits for. */
  #beginInterruption(): Promise<unknown> | null {
    const interruption = this.#interruption;
    if (!interruption || --interruption.left > 0) return null;
    this.#interruption = null;
    // Postgres has the statement by then, and has probably run it.
    return new Promise((resolve) => setTimeout(resolve, statementMs)).then(interruption.act);
  }

  #join(client: Socket): void {
    if (this.#mode === "cut") {
      client.resetAndDestroy();
      return;
    }
    this.#accepted += 1;
    const { port, hostname: host } = this.target;
    const other = connect({ port: Number(port), host, allowHalfOpen: true });
    const pair: Pair = { sockets: [client, other], lost: false, onAnswer: null, held: null };
    this.#pairs.add(pair);
    const messages = new FrontendMessages();
    const isPostgres = this.target.protocol.startsWith("postgres");
    const [toOther, toClient] = [new Deliveries(), new Deliveries()];
    const deliver = (deliveries: Deliveries, write: () => unknown) =>
      deliveries.add(() => pair.lost || write(), this.#latencyMs, pair.held);
    let transaction: Buffer[] = [];
    const passes = () => {
      pair.lost ||= this.#mode === "silent";
      return !pair.lost;
    };
    client.on("data", (chunk: Buffer) => {
      if (!passes()) return;
      this.#left -= 1;
      if (this.#left <= 0) {
        // The last message arrives; its response does not.
        other.write(chunk, () => this.cut());
        return;
      }
      for (const { bytes, statement } of isPostgres ? messages.read(chunk) : []) {
        if (/^\s*begin\b/i.test(statement ?? "")) transaction = [];
        transaction.push(bytes);
        if (statement !== null) this.#statementsLeft -= 1;
        if (statement !== null && this.#statementsLeft === 0) pair.onAnswer = () => {};
        if (statement !== null) pair.held ??= this.#beginInterruption();
        const lost = this.#lostCommit;
        const isCommit = /^\s*commit\b/i.test(statement ?? "");
        if (!isCommit || !lost || !Buffer.concat(transaction).includes(lost.text)) continue;
        this.#lostCommit = null;
        pair.onAnswer = lost.resolve;
      }
      toOther.add(() => pair.lost || other.write(chunk), this.#latencyMs, null);
    });
    other.on("data", (chunk: Buffer) => {
      if (!passes() || this.#left <= 0) return;
      if (pair.onAnswer) {
        resetPair(pair);
        pair.onAnswer();
        return;
      }
      deliver(toClient, () => client.write(chunk));
    });
    client.on("end", () => passes() && deliver(toOther, () => other.end()));
    other.on("end", () => passes() && deliver(toClient, () => client.end()));
    for (const socket of pair.sockets) {
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        pair.sockets.forEach((one) => one.destroy());
        this.#pairs.delete(pair);
      });
    }
  }
}

/** One direction of a connection: what was sent arrives in order, also when the latency changes. */
class Deliveries {
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  add(write: () => unknown, latencyMs: number, after: Promise<unknown> | null): void {
    if (latencyMs === 0 && this.#waiting === 0 && !after) {
      write();
      return;
    }
    this.#waiting += 1;
    const due = new Promise((resolve) => setTimeout(resolve, latencyMs));
    this.#last = Promise.all([this.#last, due, after]).then(() => {
      this.#waiting -= 1;
      write();
    });
  }
}

const resetPair = ({ sockets: [client, other] }: Pair) => {
  client.resetAndDestroy();
  other.destroy();
};

interface Pair {
  readonly sockets: readonly [Socket, Socket];
  /** From now on, bytes written on either side are dropped. */
  lost: boolean;
  /** Called instead of delivering the next answer; the connection is reset first. */
  onAnswer: (() => void) | null;
  /** What answers wait for. */
  held: Promise<unknown> | null;
}

interface Interruption {
  left: number;
  readonly act: () => Promise<unknown>;
}

/** More than a statement of a sign-in takes. */
const statementMs = 20;

interface LostCommit {
  readonly text: Buffer;
  readonly resolve: () => void;
}
