import { connect, isIP, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import type { TlsMode } from "@/lib/core/postgres-url";
import type { databaseLimits } from "@/lib/core/policy";

export type ConnectionLimits = Record<keyof typeof databaseLimits, number>;

/** Why this side closed a connection. */
export type DropReason = "silent" | "read_only" | "run_given_up";

/** Where a server listens: at a port, or at the path of a Unix socket. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** The servers of a pool, of which one is used, and what every connection to it begins with. */
export interface Target {
  readonly addresses: readonly Address[];
  readonly tls: TlsMode;
  readonly directTls: boolean;
  readonly tlsOptions: Pick<ConnectionOptions, "ca" | "cert" | "key">;
  /** The settings of each session, by name. */
  readonly settings: Readonly<Record<string, string>>;
}

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
  /** How many connections in turn led to servers that cannot be written to. */
  #readOnlyInTurn = 0;

  constructor(
    private readonly target: Target,
    readonly limits: ConnectionLimits,
    private readonly onDrop: (reason: DropReason) => void,
    /** Called when the server turns out to be a pooler, before the first statement is sent. */
    readonly onPooler: () => void,
    /** Called when Postgres reports that its disk is full. */
    readonly onDiskFull: () => void,
  ) {}

  /** Opens a connection. Resolves the host name each time. */
  open(): PostgresSocket {
    const socket = new PostgresSocket(this.target, this.target.addresses[this.#host]!, this);
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

  /** Whether to try another host than one that cannot be written to: not when all were tried. */
  leavesReadOnly(isReadOnly: boolean) {
    this.#readOnlyInTurn = isReadOnly ? this.#readOnlyInTurn + 1 : 0;
    return isReadOnly && this.#readOnlyInTurn < this.target.addresses.length;
  }

  /** Moves to the next host once, however many connections to the current one fail. */
  #tryNextHostAfter({ address }: PostgresSocket) {
    const { addresses } = this.target;
    if (address === addresses[this.#host]) this.#host = (this.#host + 1) % addresses.length;
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
const backendMessage = {
  keyData: 0x4b,
  error: 0x45,
  ready: 0x5a,
  parameter: 0x53,
  rowDescription: 0x54,
  row: 0x44,
  complete: 0x43,
} as const;
const frontendMessage = { query: 0x51, sync: 0x53, terminate: 0x58 } as const;
const idle = 0x49;
const readOnlyTransaction = "25006";
const diskFull = "53100";
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
  /** The statement that sets up the session has been sent, and its reply is not complete. */
  #isSettingUp = false;
  /** Postgres said that this server cannot be written to. */
  #isReadOnlyServer = false;
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
    private readonly target: Target,
    readonly address: Address,
    private readonly pool: PostgresSockets,
  ) {
    super({ emitClose: false, allowHalfOpen: false });
    // The driver itself has a timeout for connecting (`connect`).
    this.#tcp = connect({
      ...address,
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

  /** Does TLS like libpq, except that an unencrypted local socket is as good. */
  #secure() {
    const { tls, directTls } = this.target;
    if (tls === "disable" || "path" in this.address) return this.#open(this.#tcp);
    if (directTls) return this.#startTls(["postgresql"]);
    this.#tcp.once("data", (response) => {
      // Additional bytes would have been injected by an attacker before TLS (CVE-2021-23222).
      if (response[0] === sslAccepted && response.length === 1) this.#startTls();
      else if (tls === "prefer") this.#open(this.#tcp);
      else this.destroy(new TlsNotOffered());
    });
    this.#tcp.write(sslRequest);
  }

  #startTls(ALPNProtocols?: string[]) {
    const { tls, tlsOptions } = this.target;
    const host = "host" in this.address ? this.address.host : "";
    const stream = connectTls({
      socket: this.#tcp,
      host,
      ...(isIP(host) ? {} : { servername: host }),
      ...(ALPNProtocols && { ALPNProtocols }),
      rejectUnauthorized: tls === "verify-ca" || tls === "verify-full",
      ...(tls === "verify-ca" && { checkServerIdentity: () => undefined }),
      ...tlsOptions,
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
      const body = data.subarray(at + 5, end);
      if (type === backendMessage.keyData)
        this.#backend = { pid: body.readUInt32BE(0), secret: body.readUInt32BE(4) };
      if (type === backendMessage.error) {
        const sqlState = sqlStateOf(body);
        isReadOnly ||= sqlState === readOnlyTransaction;
        if (sqlState === diskFull) this.pool.onDiskFull();
      }
      if (type === backendMessage.parameter) this.#readParameter(body);
      if (type === backendMessage.ready) {
        this.#isInTransaction = body[0] !== idle;
        if (!this.hasStarted && !this.#isSettingUp) {
          // The driver hears that Postgres is ready once the session is set up.
          forward(at);
          from = end;
          if (!this.#setUp()) return;
        } else if (!this.hasStarted) {
          this.#isSettingUp = false;
          this.hasStarted = true;
          this.#pendingReplies.shift();
        } else if (this.#pendingReplies.shift() === "probe") {
          forward(at);
          from = end;
        }
      } else if (this.#isSettingUp && isResult(type)) {
        if (type === backendMessage.row) this.#readSetUp(body);
        forward(at);
        from = end;
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

  /** Whether the server can be written to, as Postgres says when a connection starts. */
  #readParameter(body: Buffer) {
    const [name, value] = body.toString("latin1").split("\0");
    if (this.hasStarted) return;
    if (name === "in_hot_standby" || name === "default_transaction_read_only")
      this.#isReadOnlyServer ||= value === "on";
  }

  /**
   * Sets the session's settings by a statement: poolers refuse most of them in the startup message. A
   * server that cannot be written to is left where the URL names another one; returns false then.
   */
  #setUp(): boolean {
    if (this.pool.leavesReadOnly(this.#isReadOnlyServer)) {
      this.destroy(new ClosedEarly("The server is read-only, and there are others."));
      return false;
    }
    this.#isSettingUp = true;
    const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
    const settings = Object.entries(this.target.settings).map(
      ([name, value]) => `set_config(${text(name)}, ${text(value)}, false)`,
    );
    const query = Buffer.from(`select pg_backend_pid(), ${settings.join(", ")}\0`);
    const head = Buffer.alloc(5, frontendMessage.query);
    head.writeUInt32BE(query.length + 4, 1);
    this.#stream!.write(Buffer.concat([head, query]));
    return true;
  }

  /** A pooler gives each connection a key of its own, which is not that of a Postgres process. */
  #readSetUp(row: Buffer) {
    const length = row.readInt32BE(2);
    const pid = Number(row.toString("latin1", 6, 6 + length));
    if (pid !== this.#backend.pid) this.pool.onPooler();
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

  constructor(message = "The connection was closed before Postgres was ready.") {
    super(message);
  }
}

class TlsNotOffered extends Error {
  readonly code = "TLS_NOT_OFFERED";
  override readonly message = "DATABASE_URL requires TLS, but Postgres does not offer it.";
}

const isResult = (type: number | undefined) =>
  type === backendMessage.rowDescription ||
  type === backendMessage.row ||
  type === backendMessage.complete;

/** The SQLSTATE of an ErrorResponse, whose fields are a letter and a zero-terminated text. */
function sqlStateOf(body: Buffer): string | undefined {
  const fields = body.toString("latin1").split("\0");
  return fields.find((field) => field.startsWith("C"))?.slice(1);
}
