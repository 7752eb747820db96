import { connect, isIP, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type postgres from "postgres";
import type { databaseLimits } from "@/lib/policy";

export type ConnectionLimits = Record<keyof typeof databaseLimits, number>;

/** Why a connection was given up from this side. */
export type DropReason = "silent" | "read_only" | "run_given_up";

/** Where Postgres is and how it is reached, as the driver read it from the URL. */
type Target = Pick<postgres.ParsedOptions, "host" | "port" | "path" | "ssl"> & {
  sslnegotiation?: unknown;
};

/** A connection as the driver and the server both know it, for cancelling. */
export interface Backend {
  readonly pid: number | null;
  readonly secret: number | null;
}

/** Every connection of one pool. */
export class Wires {
  readonly #wires = new Set<Wire>();
  readonly #waiting: (() => void)[] = [];
  /** The host whose turn it is, where the URL names several. */
  #host = 0;

  constructor(
    private readonly target: Target,
    readonly limits: ConnectionLimits,
    private readonly onDrop: (reason: DropReason) => void,
  ) {}

  /** Dials. The host's name is looked up anew each time. */
  open(): Wire {
    const { host, port, path, ssl, sslnegotiation } = this.target;
    const [name, number] = [host[this.#host]!, port[this.#host]!];
    const wire = new Wire({ host: name, port: number, path, ssl, sslnegotiation }, this);
    this.#wires.add(wire);
    wire.once("close", () => {
      this.#wires.delete(wire);
      if (!wire.wasReady) this.#leaveHostOf(wire);
      // The driver, who listens too, hears of it first.
      process.nextTick(() => this.#goOn());
    });
    return wire;
  }

  /** Whether the driver takes a connection to be there whose end it has not heard of yet. */
  isEnding(of?: Backend) {
    return [...this.#wires].some((wire) => wire.destroyed && (!of || wire.isTo(of)));
  }

  /** At once, or as soon as the driver has heard of every end. */
  whenNoneEnds(act: () => void) {
    if (this.isEnding()) this.#waiting.push(act);
    else act();
  }

  #goOn() {
    for (const act of this.#waiting.splice(0)) this.whenNoneEnds(act);
  }

  /** Once, however many of its connections say so. */
  #leaveHostOf({ target }: Wire) {
    const { host, port } = this.target;
    const isCurrent = target.host === host[this.#host] && target.port === port[this.#host];
    if (isCurrent) this.#host = (this.#host + 1) % host.length;
  }

  /** Told once for each connection. */
  gaveUp(reason: DropReason) {
    this.onDrop(reason);
  }

  /** A primary that became read-only stays one: whoever still holds a connection to it looks again. */
  dropReadOnly(found: Wire) {
    this.#leaveHostOf(found);
    const now = performance.now();
    for (const wire of this.#wires) wire.dropWhenIdle(now);
  }

  /** Ends the connection of work that was given up, whatever it is doing. */
  giveUp(of: Backend) {
    for (const wire of this.#wires) if (wire.isTo(of)) wire.giveUp("run_given_up");
  }
}

// Message types of the protocol (PostgreSQL documentation, chapter "Message Formats").
const fromServer = { keyData: 0x4b, error: 0x45, ready: 0x5a } as const;
const fromClient = { query: 0x51, sync: 0x53, terminate: 0x58 } as const;
const idle = 0x49;
const readOnlyTransaction = "25006";
const sync = Buffer.from([fromClient.sync, 0, 0, 0, 4]);
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const sslAccepted = 0x53;

/**
 * The driver's socket, with what the driver lacks: it knows at each moment whether Postgres owes an
 * answer, and ends the connection when that does not come. A resting connection is asked with a bare
 * Sync, which Postgres answers at once and which the driver does not see. TLS is made here and not
 * in the driver, which would leave nothing to read.
 */
class Wire extends Duplex {
  #backend: Backend = { pid: null, secret: null };
  /** Postgres let us in. */
  wasReady = false;
  readonly #socket: Socket;
  readonly #dialledAt = performance.now();
  /** What reaches Postgres: the socket, or TLS over it. */
  #stream: Socket | undefined;
  /** What the driver wrote before there was a stream. */
  #early: (() => void) | undefined;
  #incoming: Buffer = Buffer.alloc(0);
  /** Answers that Postgres owes, in their order. */
  readonly #owed: ("query" | "probe")[] = [];
  /** Messages were written whose Sync is still to come. */
  #isHalfAsked = false;
  #isInTransaction = false;
  #isStarted = false;
  #isEnding = false;
  #dropWhenIdle = false;
  /** When Postgres was last heard, or was last asked something while it owed nothing. */
  #since = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly target: Omit<Target, "host" | "port"> & { host: string; port: number },
    private readonly pool: Wires,
  ) {
    super({ emitClose: false, allowHalfOpen: false });
    const { path, host, port } = target;
    // The driver bounds the time until Postgres lets us in (`connect`).
    this.#socket = connect({
      ...(path ? { path } : { host, port }),
      keepAlive: true,
      keepAliveInitialDelay: pool.limits.keepAlive * 1000,
    });
    this.#follow(this.#socket);
    this.#socket.once("connect", () => this.#secure());
  }

  /** As `net.Socket` has it; the driver looks. */
  get readyState() {
    return this.destroyed ? "closed" : this.#socket.readyState;
  }

  isTo({ pid, secret }: Backend) {
    return pid !== null && pid === this.#backend.pid && secret === this.#backend.secret;
  }

  giveUp(reason: DropReason) {
    if (this.destroyed) return;
    this.pool.gaveUp(reason);
    this.destroy();
  }

  /** Lets what is under way end first. A connection made just now is kept: the name says the same still. */
  dropWhenIdle(now: number) {
    if (now - this.#dialledAt < this.pool.limits.quiet * 1000) return;
    this.#dropWhenIdle = true;
    this.#dropIfIdle();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void) {
    const send = () => {
      this.#noteAsked(chunk);
      // What goes wrong here ends the stream, and that is told once, by its own events.
      this.#stream!.write(chunk, (error) => error ?? done());
    };
    if (this.#stream) send();
    else this.#early = send;
  }

  override _read() {
    this.#stream?.resume();
  }

  override _final(done: () => void) {
    this.#isEnding = true;
    this.#arm();
    this.#socket.end();
    done();
  }

  /**
   * The driver collects what it writes until the end of the turn. When it hears of an end before
   * that, it forgets that something is due and never writes over this connection's successors
   * again. So it hears of the end when what it may have collected by now has been written.
   */
  override _destroy(error: Error | null, done: (error: Error | null) => void) {
    clearTimeout(this.#timer);
    this.#stream?.destroy();
    this.#socket.destroy();
    const tell = () => {
      done(error);
      // Whether it ended in an error, as sockets tell and other streams do not.
      process.nextTick(() => this.emit("close", error !== null));
    };
    setImmediate(() => setImmediate(tell));
  }

  #follow(stream: Socket) {
    stream.on("error", (error) => this.destroy(error));
    stream.once("close", () => this.destroy(this.wasReady ? undefined : new ClosedEarly()));
  }

  /** As the driver does it, but that a server without TLS is told as such. */
  #secure() {
    const { ssl, sslnegotiation } = this.target;
    if (!ssl) return this.#open(this.#socket);
    if (sslnegotiation === "direct") return this.#startTls(["postgresql"]);
    this.#socket.once("data", (answer) => {
      // More than the one byte would be something injected before TLS.
      if (answer[0] === sslAccepted && answer.length === 1) this.#startTls();
      else if (ssl === "prefer") this.#open(this.#socket);
      else this.destroy(new Error("Postgres does not offer TLS, which DATABASE_URL asks for."));
    });
    this.#socket.write(sslRequest);
  }

  #startTls(ALPNProtocols?: string[]) {
    const { host, ssl } = this.target;
    const unverified = ssl === "require" || ssl === "allow" || ssl === "prefer";
    const stream = connectTls({
      socket: this.#socket,
      ...(isIP(host) ? {} : { servername: host }),
      ...(ALPNProtocols && { ALPNProtocols }),
      ...(unverified && { rejectUnauthorized: false }),
      ...(typeof ssl === "object" && ssl),
    });
    this.#follow(stream);
    stream.once("secureConnect", () => this.#open(stream));
  }

  #open(stream: Socket) {
    this.#stream = stream;
    stream.on("data", (chunk) => this.#take(chunk));
    this.#early?.();
    this.#early = undefined;
  }

  /** The driver writes whole messages. Its first has no type: it starts the session, or cancels. */
  #noteAsked(chunk: Buffer) {
    if (!this.#owesAnswer()) this.#since = performance.now();
    let at = 0;
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#owed.push("query");
      at = chunk.readUInt32BE(0);
    }
    while (at < chunk.length) {
      const type = chunk[at];
      const ends = type === fromClient.sync || type === fromClient.query;
      if (ends) this.#owed.push("query");
      if (type === fromClient.terminate) this.#isEnding = true;
      // A password belongs to the start, which owes its answer already.
      this.#isHalfAsked = !ends && this.wasReady;
      at += 1 + chunk.readUInt32BE(at + 1);
    }
    this.#arm();
  }

  /** Hands whole messages on, without the answers to our own probes. */
  #take(chunk: Buffer) {
    this.#since = performance.now();
    const data = this.#incoming.length > 0 ? Buffer.concat([this.#incoming, chunk]) : chunk;
    let from = 0;
    let at = 0;
    let isReadOnly = false;
    const handOn = (to: number) => {
      if (to > from && !this.push(data.subarray(from, to))) this.#stream!.pause();
    };
    while (data.length >= at + 5) {
      const end = at + 1 + data.readUInt32BE(at + 1);
      if (data.length < end) break;
      const type = data[at];
      if (type === fromServer.keyData)
        this.#backend = { pid: data.readUInt32BE(at + 5), secret: data.readUInt32BE(at + 9) };
      if (type === fromServer.error)
        isReadOnly ||= sqlStateOf(data.subarray(at + 5, end)) === readOnlyTransaction;
      if (type === fromServer.ready) {
        this.wasReady = true;
        this.#isInTransaction = data[at + 5] !== idle;
        if (this.#owed.shift() === "probe") {
          handOn(at);
          from = end;
        }
      }
      at = end;
    }
    this.#incoming = data.subarray(at);
    handOn(at);
    if (this.destroyed) return;
    this.#arm();
    this.#dropIfIdle();
    if (isReadOnly) this.pool.dropReadOnly(this);
  }

  #owesAnswer() {
    return this.#owed.length > 0 || this.#isHalfAsked || this.#isEnding;
  }

  #dropIfIdle() {
    if (this.#dropWhenIdle && !this.#owesAnswer() && !this.#isInTransaction)
      this.giveUp("read_only");
  }

  /** Sets the moment of the next look: Postgres is late, or was quiet for long enough to be asked. */
  #arm() {
    clearTimeout(this.#timer);
    const limit = this.#patience();
    if (limit === null) return;
    const left = this.#since + limit * 1000 - performance.now();
    this.#timer = setTimeout(() => this.#look(), left).unref();
  }

  #patience(): number | null {
    const { quiet, probe, statement, grace } = this.pool.limits;
    if (this.#isEnding) return probe;
    if (!this.wasReady) return null;
    if (this.#owed[0] === "query" || this.#isHalfAsked) return statement + grace;
    if (this.#owed[0] === "probe") return probe;
    // A probe would make the server's own limit for a forgotten transaction begin anew.
    return this.#isInTransaction ? null : quiet;
  }

  #look() {
    if (!this.#owesAnswer()) {
      this.#since = performance.now();
      this.#owed.push("probe");
      this.#stream!.write(sync);
      return this.#arm();
    }
    // This process may have been busy itself: what has come meanwhile is read before the verdict.
    const since = this.#since;
    setImmediate(() => {
      if (this.#since === since) this.giveUp("silent");
    });
  }
}

/** The driver would dial again and again, without a pause and without telling anybody. */
class ClosedEarly extends Error {
  readonly code = "ECONNRESET";
  override readonly message = "The connection was closed before Postgres let us in.";
}

/** The code of an ErrorResponse: fields of one letter and a text each, ended by zeros. */
function sqlStateOf(body: Buffer): string | undefined {
  const fields = body.toString("latin1").split("\0");
  return fields.find((field) => field.startsWith("C"))?.slice(1);
}
