import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

type Mode = "through" | "cut" | "silent";

/** A proxy between the server and its Postgres or Redis that can fail. */
export class FaultProxy {
  #mode: Mode = "through";
  #left = Infinity;
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

  /** The target neither responds nor refuses. */
  fallSilent(): void {
    this.#mode = "silent";
  }

  /** Existing connections deliver nothing and stay open; new ones work. */
  halfOpen(): void {
    for (const pair of this.#pairs) pair.lost = true;
  }

  /** New connections go to another target, as after a DNS change; existing ones stay. */
  leadTo(url: string): void {
    this.target = new URL(url);
  }

  /** Lets this many more messages through, then cuts the connections. Their responses are lost. */
  cutAfter(messages: number): void {
    this.#left = messages;
  }

  /** The target is back. Silent connections are lost: they never deliver. */
  restore(): void {
    this.#mode = "through";
    this.#left = Infinity;
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

  #join(client: Socket): void {
    if (this.#mode === "cut") {
      client.resetAndDestroy();
      return;
    }
    this.#accepted += 1;
    const { port, hostname: host } = this.target;
    const other = connect({ port: Number(port), host, allowHalfOpen: true });
    const pair: Pair = { sockets: [client, other], lost: false };
    this.#pairs.add(pair);
    const passes = () => {
      pair.lost ||= this.#mode === "silent";
      return !pair.lost;
    };
    client.on("data", (chunk) => {
      if (!passes()) return;
      this.#left -= 1;
      if (this.#left > 0) other.write(chunk);
      // The last message arrives; its response does not.
      else other.write(chunk, () => this.cut());
    });
    other.on("data", (chunk) => passes() && this.#left > 0 && client.write(chunk));
    client.on("end", () => passes() && other.end());
    other.on("end", () => passes() && client.end());
    for (const socket of pair.sockets) {
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        pair.sockets.forEach((one) => one.destroy());
        this.#pairs.delete(pair);
      });
    }
  }
}

interface Pair {
  readonly sockets: readonly [Socket, Socket];
  /** From now on, bytes written on either side are dropped. */
  lost: boolean;
}
