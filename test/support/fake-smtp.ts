import type { AddressInfo, Socket } from "node:net";
import { SMTPServer } from "smtp-server";

/**
 * Where a conversation can fail: at the greeting, at a command, with the body half or fully sent.
 */
type Step = "greeting" | "auth" | "mail" | "rcpt" | "data" | "received";

/**
 * The fault instead of an immediate OK. `after`: OK after this many seconds; `lost`: the message is
 * accepted, and the connection ends before the response.
 */
type Failure =
  | { says: number; text?: string }
  | { after: number }
  | "hangs_up"
  | "never_answers"
  | "lost";

/** A message as it came over the wire. */
interface Arrival {
  /** Everything after DATA, as bytes. */
  readonly raw: string;
  readonly from: string;
  readonly to: string[];
  readonly user: string | null;
  readonly encrypted: boolean;
}

/** What `SMTPServer` stores of a connection, beyond its types. */
interface Connection {
  readonly id: string;
  readonly _socket: Socket;
}

/**
 * A real SMTP server that records messages and can fail on demand. By default it has no TLS and
 * accepts any password; with `tls` it offers STARTTLS with a self-signed certificate.
 */
export async function startFakeSmtp({ tls = false } = {}) {
  const accepted: Arrival[] = [];
  const offered: Arrival[] = [];
  const passwords: string[] = [];
  const waiting = new Map<Step, { failWith: Failure; times: number }>();
  let commands = 0;

  const hangUp = (id: string) => {
    for (const { id: one, _socket } of server.connections as Set<Connection>)
      if (one === id) _socket.destroy();
  };

  /** Lets a step pass, or fails it. */
  function at(step: Step, id: string, pass: (error?: Error) => void) {
    const entry = waiting.get(step);
    if (!entry || entry.times === 0) return pass();
    entry.times -= 1;
    const { failWith } = entry;
    if (failWith === "never_answers") return;
    if (typeof failWith === "string") return hangUp(id);
    if ("after" in failWith) return void setTimeout(pass, failWith.after * 1000);
    pass(Object.assign(new Error(failWith.text ?? "No"), { responseCode: failWith.says }));
  }

  const server = new SMTPServer({
    disabledCommands: tls ? [] : ["STARTTLS"],
    authOptional: true,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 1,
    onConnect: ({ id }, pass) => at("greeting", id, pass),
    onAuth({ username, password }, { id }, response) {
      passwords.push(password ?? "");
      at("auth", id, (error) =>
        error ? response(error) : response(null, { user: username ?? "nobody" }),
      );
    },
    onMailFrom: (_, { id }, pass) => {
      commands += 1;
      at("mail", id, pass);
    },
    onRcptTo: (_, { id }, pass) => at("rcpt", id, pass),
    onData(stream, { id, envelope, user, secure }, pass) {
      at("data", id, (error) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          if (error) return pass(error);
          const arrival: Arrival = {
            raw: Buffer.concat(chunks).toString("latin1"),
            from: envelope.mailFrom ? envelope.mailFrom.address : "",
            to: envelope.rcptTo.map(({ address }) => address),
            user: user ?? null,
            encrypted: secure,
          };
          offered.push(arrival);
          const { failWith, times = 0 } = waiting.get("received") ?? {};
          if (failWith === "lost" && times > 0) accepted.push(arrival);
          at("received", id, (error) => {
            if (!error) accepted.push(arrival);
            pass(error);
          });
        });
      });
    },
  });
  // Many tests have a client that disconnects in the middle.
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.server.address() as AddressInfo;

  return {
    port,
    url: `smtp://127.0.0.1:${port}`,
    /** The accepted messages, in order. */
    accepted,
    /** The completely sent messages, also those then refused. */
    offered,
    /** The credentials of each AUTH. */
    passwords,
    /** The number of envelopes begun. */
    mails: () => commands,
    /** Fails the next times at this step; all of them by default. */
    failWith(step: Step, failWith: Failure, times = Infinity) {
      waiting.set(step, { failWith, times });
    },
    /** Ends all connections, which clients keep for later messages. */
    disconnect() {
      for (const { _socket } of server.connections as Set<Connection>) _socket.destroy();
    },
    /** Accepts everything from now on. */
    recover: () => waiting.clear(),
    /** Accepts everything from now on, and forgets the messages. */
    resetProviders() {
      waiting.clear();
      for (const saved of [accepted, offered, passwords]) saved.length = 0;
      commands = 0;
    },
    stop: () =>
      new Promise<void>((resolve) => {
        for (const { _socket } of server.connections as Set<Connection>) _socket.destroy();
        server.close(resolve);
      }),
  };
}
