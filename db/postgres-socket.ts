import { connect, isIP, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type postgres from "postgres";
import type { databaseLimits } from "@/lib/core/policy";

export type ConnectionLimits = Record<keyof typeof databaseLimits, number>;

/** Why this side closed a connection. */
export type DropReason = "silent" | "read_only" | "run_given_up";

/** The server's address and TLS mode, as the driver parsed them from the URL. */
type Target = Pick<postgres.ParsedOptions, "host" | "port" | "path" | "ssl"> & {
  sslnegotiation?: unknown;
};

/** The key data of a connection, which identifies it to the driver and the server. */
export interface Backend {
  readonly pid: number | null;
  readonly secret: number | null;
}

/** The connections of one pool. */
export class PostgresSockets {
  readonly #sockets = new Set<PostgresSocket>();
  readonly #waiting: (() => void)[] = [];
  /** The index of the current host; a URL may name several. */
  #host = 0;

  constructor(
    private readonly target: Target,
    readonly limits: ConnectionLimits,
    private readonly onDrop: (reason: DropReason) => void,
  ) {}

  /** Opens a connection. Resolves the host name each time. */
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
      // After the driver's own listener for this event.
      process.nextTick(() => this.#runWaiting());
    });
    return socket;
  }

  /** Whether a connection is closed that the driver still considers open. */
  isClosing(of?: Backend) {
    return [...this.#sockets].some(
      (socket) => socket.destroyed && (!of || socket.isConnectedTo(of)),
    );
  }

  /** Runs `act` at once, or when the driver knows of every closed connection. */
  whenNoneIsClosing(act: () => void) {
    if (this.isClosing()) this.#waiting.push(act);
    else act();
  }

  #runWaiting() {
    for (const act of this.#waiting.splice(0)) this.whenNoneIsClosing(act);
  }

  /** Moves to the next host once, however many connections to the current one fail. */
  #tryNextHostAfter({ target }: PostgresSocket) {
    const { host, port } = this.target;
    const isCurrent = target.host === host[this.#host] && target.port === port[this.#host];
    if (isCurrent) this.#host = (this.#host + 1) % host.length;
  }

  reportDrop(reason: DropReason) {
    this.onDrop(reason);
  }

  /** Drops all connections to a primary that became read-only; new ones resolve the host name again. */
  dropReadOnly(found: PostgresSocket) {
    this.#tryNextHostAfter(found);
    const now = performance.now();
    for (const socket of this.#sockets) socket.dropWhenIdle(now);
  }

  /** Closes a connection whose run timed out, whatever it is doing. */
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
 * The driver's socket, with a timeout for every reply, which the driver lacks. It tracks the messages
 * and closes the connection when a reply is overdue. It probes an idle connection with a bare Sync,
 * whose reply it hides from the driver. It does TLS itself, because it has to read the messages.
 */
class PostgresSocket extends Duplex {
  #backend: Backend = { pid: null, secret: null };
  /** Set when Postgres has been ready for queries once. */
  hasStarted = false;
  readonly #tcp: Socket;
  readonly #openedAt = performance.now();
  /** The TCP socket, or TLS over it. */
  #stream: Socket | undefined;
  /** Writes what the driver wrote before the stream was open. */
  #writeOnceOpen: (() => void) | undefined;
  #incoming: Buffer = Buffer.alloc(0);
  /** The replies that Postgres has yet to send, in order. */
  readonly #pendingReplies: ("query" | "probe")[] = [];
  /** Messages have been written, but not the Sync that ends them. */
  #isSequenceOpen = false;
  #isInTransaction = false;
  #hasWritten = false;
  #isTerminating = false;
  #dropWhenIdle = false;
  /** The time of the last data from Postgres, or of the first request after all replies. */
  #lastActivityAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly target: Omit<Target, "host" | "port"> & { host: string; port: number },
    private readonly pool: PostgresSockets,
  ) {
    super({ emitClose: false, allowHalfOpen: false });
    const { path, host, port } = target;
    // The driver itself has a timeout for connecting (`connect`).
    this.#tcp = connect({
      ...(path ? { path } : { host, port }),
      keepAlive: true,
      keepAliveInitialDelay: pool.limits.keepAlive * 1000,
    });
    this.#closeWith(this.#tcp);
    this.#tcp.once("connect", () => this.#secure());
  }

  /** The property of `net.Socket`, which the driver reads. */
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

  /**
   * Closes the connection after its current query. Not a new connection: the host name would resolve
   * to the same host.
   */
  dropWhenIdle(now: number) {
    if (now - this.#openedAt < this.pool.limits.idleBeforeProbe * 1000) return;
    this.#dropWhenIdle = true;
    this.#dropIfIdle();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void) {
    const send = () => {
      this.#trackRequests(chunk);
      // The stream reports an error by its events, so `done` must not report it again.
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
   * Works around a fault of the driver, which buffers writes until the end of the event loop's turn.
   * When the connection closes before that, it drops the buffer but still considers the write
   * scheduled, and never writes to the replacing connection. Therefore "close" is emitted two turns
   * later, after any scheduled write.
   */
  override _destroy(error: Error | null, done: (error: Error | null) => void) {
    clearTimeout(this.#timer);
    this.#stream?.destroy();
    this.#tcp.destroy();
    const emitClose = () => {
      done(error);
      // Sockets, unlike other streams, pass whether there was an error.
      process.nextTick(() => this.emit("close", error !== null));
    };
    setImmediate(() => setImmediate(emitClose));
  }

  #closeWith(stream: Socket) {
    stream.on("error", (error) => this.destroy(error));
    stream.once("close", () => this.destroy(this.hasStarted ? undefined : new ClosedEarly()));
  }

  /** Does TLS like the driver, but with an explicit error for a server without TLS. */
  #secure() {
    const { ssl, sslnegotiation } = this.target;
    if (!ssl) return this.#open(this.#tcp);
    if (sslnegotiation === "direct") return this.#startTls(["postgresql"]);
    this.#tcp.once("data", (response) => {
      // Additional bytes would have been injected by an attacker before TLS (CVE-2021-23222).
      if (response[0] === sslAccepted && response.length === 1) this.#startTls();
      else if (ssl === "prefer") this.#open(this.#tcp);
      else this.destroy(new Error("DATABASE_URL requires TLS, but Postgres does not offer it."));
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

  /** The driver writes whole messages. The first has no type byte: a startup or cancel message. */
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
      // Before the first "ready" all messages belong to the startup, whose reply is pending already.
      this.#isSequenceOpen = !ends && this.hasStarted;
      at += 1 + chunk.readUInt32BE(at + 1);
    }
    this.#armTimer();
  }

  /** Forwards whole messages to the driver, except the replies to probes. */
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

  /** Sets the timer for an overdue reply, or for the next probe of an idle connection. */
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
    // A probe would restart the server's timeout for idle transactions.
    return this.#isInTransaction ? null : idleBeforeProbe;
  }

  #onTimeout() {
    if (!this.#isAwaitingReply()) {
      this.#lastActivityAt = performance.now();
      this.#pendingReplies.push("probe");
      this.#stream!.write(sync);
      return this.#armTimer();
    }
    // This process may have been blocked: data that has arrived meanwhile is read first.
    const since = this.#lastActivityAt;
    setImmediate(() => {
      if (this.#lastActivityAt === since) this.giveUp("silent");
    });
  }
}

/** Without an error the driver would reconnect forever, without a pause or a report. */
class ClosedEarly extends Error {
  readonly code = "ECONNRESET";
  override readonly message = "The connection was closed before Postgres was ready.";
}

/** The SQLSTATE of an ErrorResponse, whose fields are a letter and a zero-terminated text. */
function sqlStateOf(body: Buffer): string | undefined {
  const fields = body.toString("latin1").split("\0");
  return fields.find((field) => field.startsWith("C"))?.slice(1);
}
