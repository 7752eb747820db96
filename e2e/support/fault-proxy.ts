import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

type Mode = "through" | "cut" | "silent";

/** A wire between the server and Postgres that can break. */
export class FaultProxy {
  #mode: Mode = "through";
  #left = Infinity;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #server: Server;
  #port = 0;

  private constructor(private readonly target: URL) {
    this.#server = createServer((client) => this.#join(client));
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

  /** The database's URL through this wire. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = "127.0.0.1";
    url.port = String(this.#port);
    return url.href;
  }

  /** Postgres is gone: connections break, and new ones are refused. */
  cut(): void {
    this.#mode = "cut";
    for (const pair of this.#pairs) pair.forEach((socket) => socket.destroy());
  }

  /** Postgres neither answers nor refuses. */
  fallSilent(): void {
    this.#mode = "silent";
  }

  /** Lets so many more messages through to Postgres, then cuts. Their answers do not come back. */
  cutAfter(messages: number): void {
    this.#left = messages;
  }

  /** Postgres is back. What was silent is lost: those connections never answer. */
  restore(): void {
    this.#mode = "through";
    this.#left = Infinity;
  }

  get isCut(): boolean {
    return this.#mode === "cut";
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(client: Socket): void {
    if (this.#mode === "cut") {
      client.resetAndDestroy();
      return;
    }
    const database = connect(Number(this.target.port), this.target.hostname);
    const pair = [client, database] as const;
    this.#pairs.add(pair);
    let lost = false;
    const passes = () => {
      lost ||= this.#mode === "silent";
      return !lost;
    };
    client.on("data", (chunk) => {
      if (!passes()) return;
      this.#left -= 1;
      if (this.#left > 0) database.write(chunk);
      // The last message arrives; nobody hears the answer.
      else database.write(chunk, () => this.cut());
    });
    database.on("data", (chunk) => passes() && this.#left > 0 && client.write(chunk));
    for (const socket of pair) {
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        pair.forEach((one) => one.destroy());
        this.#pairs.delete(pair);
      });
    }
  }
}
