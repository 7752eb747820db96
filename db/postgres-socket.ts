import { connect, isIP, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type postgres from "postgres";
import type { databaseLimits } from "@/lib/core/policy";

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
export class PostgresSockets {
  readonly #sockets = new Set<PostgresSocket>();
  readonly #waiting: (() => void)[] = [];
  /** The host whose turn it is, where the URL names several. */
  #host = 0;

  constructor(
    private readonly target: Target,
    readonly limits: ConnectionLimits,
    private readonly onDrop: (reason: DropReason) => void,
  ) {}

  /** Dials. The host's name is looked up anew each time. */
  open(): PostgresSocket {
    const { host, port, path, ssl, sslnegotiation } = this.target;
    const [name, number] = [host[this.#host]!, port[this.#host]!];
    const socket = new PostgresSocket(
      { host: name, port: number, path, ssl, sslnegotiation },
      this,
    );
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      if (!socket.hasStarted) this.#tryNextHostAfter(socket);
      // The driver, who listens too, hears of it first.
      process.nextTick(() => this.#runWaiting());
    });
    return socket;
  }

  /** Whether the driver takes a connection to be there whose end it has not heard of yet. */
  isClosing(of?: Backend) {
    return [...this.#sockets].some(
      (socket) => socket.destroyed && (!of || socket.isConnectedTo(of)),
    );
  }

  /** At once, or as soon as the driver has heard of every end. */
  whenNoneIsClosing(act: () => void) {
    if (this.isClosing()) this.#waiting.push(act);
    else act();
  }

  #runWaiting() {
    for (const act of this.#waiting.splice(0)) this.whenNoneIsClosing(act);
  }

  /** Once, however many of its connections say so. */
  #tryNextHostAfter({ target }: PostgresSocket) {
    const { host, port } = this.target;
    const isCurrent = target.host === host[this.#host] && target.port === port[this.#host];
    if (isCurrent) this.#host = (this.#host + 1) % host.length;
  }

  /** Told once for each connection. */
  reportDrop(reason: DropReason) {
    this.onDrop(reason);
  }

  /** A primary that became read-only stays read-only: its connections go, and the next ones look the name up. */
  dropReadOnly(found: PostgresSocket) {
    this.#tryNextHostAfter(found);
    const now = performance.now();
    for (const socket of this.#sockets) socket.dropWhenIdle(now);
  }

  /** Ends the connection of work that was given up, whatever it is doing. */
  giveUp(of: Backend) {
    for (const socket of this.#sockets) if (socket.isConnectedTo(of)) socket.giveUp("run_given_up");
  }
}

// Message types of the protocol (PostgreSQL documentation, chapter "Message Formats").
const backendMessage = { keyData: 0x4b, error: 0x45, ready: 0x5a } as const;
const frontendMessage = { query: 0x51, sync: 0x53, terminate: 0x58 } as const;
const idle = 0x49;
const readOnlyTransaction = "25006";
const sync = Buffer.from([frontendMessage.sync, 0, 0, 0, 4]);
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const sslAccepted = 0x53;

/**
 * The driver's socket, with what the driver lacks: it knows at each moment whether Postgres owes an
 * answer, and ends the connection when that does not come. A resting connection is asked with a bare
 * Sync, which Postgres answers at once and which the driver does not see. TLS is made here and not
 * in the driver, which would leave nothing to read.
 */
class PostgresSocket extends Duplex {
  #backend: Backend = { pid: null, secret: null };
  /** Authenticated and ready once. */
  hasStarted = false;
  readonly #tcp: Socket;
  readonly #openedAt = performance.now();
  /** What reaches Postgres: the socket, or TLS over it. */
  #stream: Socket | undefined;
  /** What the driver wrote before there was a stream. */
  #writeOnceOpen: (() => void) | undefined;
  #incoming: Buffer = Buffer.alloc(0);
  /** Answers that Postgres owes, in their order. */
  readonly #pendingReplies: ("query" | "probe")[] = [];
  /** Messages were written whose Sync is still to come. */
  #isSequenceOpen = false;
  #isInTransaction = false;
  #hasWritten = false;
  #isTerminating = false;
  #dropWhenIdle = false;
  /** When Postgres was last heard, or was last asked something while it owed nothing. */
  #lastActivityAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly target: Omit<Target, "host" | "port"> & { host: string; port: number },
    private readonly pool: PostgresSockets,
  ) {
    super({ emitClose: false, allowHalfOpen: false });
    const { path, host, port } = target;
    // Until Postgres is ready the driver keeps the time (`connect`).
    this.#tcp = connect({
      ...(path ? { path } : { host, port }),
      keepAlive: true,
      keepAliveInitialDelay: pool.limits.keepAlive * 1000,
    });
    this.#closeWith(this.#tcp);
    this.#tcp.once("connect", () => this.#secure());
  }

  /** As `net.Socket` has it; the driver looks. */
  get readyState() {
    return this.destroyed ? "closed" : this.#tcp.readyState;
  }

  isConnectedTo({ pid, secret }: Backend) {
    return pid !== null && pid === this.#backend.pid && secret === this.#backend.secret;
  }

  giveUp(reason: DropReason) {
    if (this.destroyed) return;
    this.pool.reportDrop(reason);
    this.destroy();
  }

  /** What is under way ends first. A connection made just now stays: the name leads to the same host still. */
  dropWhenIdle(now: number) {
    if (now - this.#openedAt < this.pool.limits.idleBeforeProbe * 1000) return;
    this.#dropWhenIdle = true;
    this.#dropIfIdle();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void) {
    const send = () => {
      this.#trackRequests(chunk);
      // What goes wrong here ends the stream, and that is told once, by its own events.
      this.#stream!.write(chunk, (error) => error ?? done());
    };
    if (this.#stream) send();
    else this.#writeOnceOpen = send;
  }

  override _read() {
    this.#stream?.resume();
  }

  override _final(done: () => void) {
    this.#isTerminating = true;
    this.#armTimer();
    (this.#stream ?? this.#tcp).end();
    done();
  }

  /**
   * The driver collects what it writes until the end of the event loop's turn. When the connection
   * closes before that, it drops the write but not the note that one is scheduled, and never
   * writes over the connections that replace this one. So "close" comes two turns later, when
   * whatever was scheduled by now has been written.
   */
  override _destroy(error: Error | null, done: (error: Error | null) => void) {
    clearTimeout(this.#timer);
    this.#stream?.destroy();
    this.#tcp.destroy();
    const tell = () => {
      done(error);
      // Whether it ended in an error, as sockets tell and other streams do not.
      process.nextTick(() => this.emit("close", error !== null));
    };
    setImmediate(() => setImmediate(tell));
  }

  #closeWith(stream: Socket) {
    stream.on("error", (error) => this.destroy(error));
    stream.once("close", () => this.destroy(this.hasStarted ? undefined : new ClosedEarly()));
  }

  /** As the driver does it, but that a server without TLS is told as such. */
  #secure() {
    const { ssl, sslnegotiation } = this.target;
    if (!ssl) return this.#open(this.#tcp);
    if (sslnegotiation === "direct") return this.#startTls(["postgresql"]);
    this.#tcp.once("data", (response) => {
      // More than the one byte would be something injected before TLS.
      if (response[0] === sslAccepted && response.length === 1) this.#startTls();
      else if (ssl === "prefer") this.#open(this.#tcp);
      else this.destroy(new Error("Postgres does not offer TLS, which DATABASE_URL asks for."));
    });
    this.#tcp.write(sslRequest);
  }

  #startTls(ALPNProtocols?: string[]) {
    const { host, ssl } = this.target;
    const unverified = ssl === "require" || ssl === "allow" || ssl === "prefer";
    const stream = connectTls({
      socket: this.#tcp,
      ...(isIP(host) ? {} : { servername: host }),
      ...(ALPNProtocols && { ALPNProtocols }),
      ...(unverified && { rejectUnauthorized: false }),
      ...(typeof ssl === "object" && ssl),
    });
    this.#closeWith(stream);
    stream.once("secureConnect", () => this.#open(stream));
  }

  #open(stream: Socket) {
    this.#stream = stream;
    stream.on("data", (chunk) => this.#receive(chunk));
    this.#writeOnceOpen?.();
    this.#writeOnceOpen = undefined;
  }

  /** The driver writes whole messages. Its first has no type: it starts the session, or cancels. */
  #trackRequests(chunk: Buffer) {
    if (!this.#isAwaitingReply()) this.#lastActivityAt = performance.now();
    let at = 0;
    if (!this.#hasWritten) {
      this.#hasWritten = true;
      this.#pendingReplies.push("query");
      at = chunk.readUInt32BE(0);
    }
    while (at < chunk.length) {
      const type = chunk[at];
      const ends = type === frontendMessage.sync || type === frontendMessage.query;
      if (ends) this.#pendingReplies.push("query");
      if (type === frontendMessage.terminate) this.#isTerminating = true;
      // A password belongs to the start, which owes its answer already.
      this.#isSequenceOpen = !ends && this.hasStarted;
      at += 1 + chunk.readUInt32BE(at + 1);
    }
    this.#armTimer();
  }

  /** Hands whole messages on, without the answers to our own probes. */
  #receive(chunk: Buffer) {
    this.#lastActivityAt = performance.now();
    const data = this.#incoming.length > 0 ? Buffer.concat([this.#incoming, chunk]) : chunk;
    let from = 0;
    let at = 0;
    let isReadOnly = false;
    const forward = (to: number) => {
      if (to > from && !this.push(data.subarray(from, to))) this.#stream!.pause();
    };
    while (data.length >= at + 5) {
      const end = at + 1 + data.readUInt32BE(at + 1);
      if (data.length < end) break;
      const type = data[at];
      if (type === backendMessage.keyData)
        this.#backend = { pid: data.readUInt32BE(at + 5), secret: data.readUInt32BE(at + 9) };
      if (type === backendMessage.error)
        isReadOnly ||= sqlStateOf(data.subarray(at + 5, end)) === readOnlyTransaction;
      if (type === backendMessage.ready) {
        this.hasStarted = true;
        this.#isInTransaction = data[at + 5] !== idle;
        if (this.#pendingReplies.shift() === "probe") {
          forward(at);
          from = end;
        }
      }
      at = end;
    }
    this.#incoming = data.subarray(at);
    forward(at);
    if (this.destroyed) return;
    this.#armTimer();
    this.#dropIfIdle();
    if (isReadOnly) this.pool.dropReadOnly(this);
  }

  #isAwaitingReply() {
    return this.#pendingReplies.length > 0 || this.#isSequenceOpen || this.#isTerminating;
  }

  #dropIfIdle() {
    if (this.#dropWhenIdle && !this.#isAwaitingReply() && !this.#isInTransaction)
      this.giveUp("read_only");
  }

  /** Sets the moment of the next look: Postgres is late, or was quiet for long enough to be asked. */
  #armTimer() {
    clearTimeout(this.#timer);
    const limit = this.#timeLimit();
    if (limit === null) return;
    const left = this.#lastActivityAt + limit * 1000 - performance.now();
    this.#timer = setTimeout(() => this.#onTimeout(), left).unref();
  }

  #timeLimit(): number | null {
    const { idleBeforeProbe, probeReply, statement, grace } = this.pool.limits;
    if (this.#isTerminating) return probeReply;
    if (!this.hasStarted) return null;
    if (this.#pendingReplies[0] === "query" || this.#isSequenceOpen) return statement + grace;
    if (this.#pendingReplies[0] === "probe") return probeReply;
    // A probe would make the server's own limit for a forgotten transaction begin anew.
    return this.#isInTransaction ? null : idleBeforeProbe;
  }

  #onTimeout() {
    if (!this.#isAwaitingReply()) {
      this.#lastActivityAt = performance.now();
      this.#pendingReplies.push("probe");
      this.#stream!.write(sync);
      return this.#armTimer();
    }
    // This process may have been busy itself: what has come meanwhile is read before the verdict.
    const since = this.#lastActivityAt;
    setImmediate(() => {
      if (this.#lastActivityAt === since) this.giveUp("silent");
    });
  }
}

/** The driver would dial again and again, without a pause and without telling anybody. */
class ClosedEarly extends Error {
  readonly code = "ECONNRESET";
  override readonly message = "The connection was closed before Postgres was ready.";
}

/** The code of an ErrorResponse: fields of one letter and a text each, ended by zeros. */
function sqlStateOf(body: Buffer): string | undefined {
  const fields = body.toString("latin1").split("\0");
  return fields.find((field) => field.startsWith("C"))?.slice(1);
}
