import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** The parameters of a startup message that PgBouncer accepts by default. */
const accepted = new Set([
  ...["user", "database", "client_encoding", "application_name", "options"],
  ...["DateStyle", "TimeZone", "standard_conforming_strings"],
]);

/**
 * A server that behaves as PgBouncer in transaction mode before version 1.21, where clients notice: it
 * refuses most startup parameters, gives each client a key of its own, and refuses named statements.
 */
export async function startFakePooler(target: string) {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const postgres = connect({ host: hostname, port: Number(port) });
    let startup = true;
    client.on("data", (chunk: Buffer) => {
      const refusal = startup ? refusedParameter(chunk) : refusedStatement(chunk);
      startup = false;
      if (refusal) client.end(errorResponse(refusal));
      else postgres.write(chunk);
    });
    postgres.on("data", (chunk: Buffer) => client.write(withOwnKey(chunk)));
    for (const [socket, other] of [
      [client, postgres],
      [postgres, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address() as { port: number };
  const url = new URL(target);
  url.host = `127.0.0.1:${address.port}`;
  return {
    url: url.href,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function refusedParameter(startup: Buffer): string | undefined {
  const fields = startup.subarray(8).toString("latin1").split("\0");
  const names = fields.filter((_, index) => index % 2 === 0).filter(Boolean);
  const refused = names.find((name) => !accepted.has(name));
  return refused && `unsupported startup parameter: ${refused}`;
}

/** Chunks from the driver are whole messages. */
function refusedStatement(chunk: Buffer): string | undefined {
  for (let at = 0; at + 5 <= chunk.length; at += 1 + chunk.readUInt32BE(at + 1))
    if (chunk[at] === 0x50 && chunk[at + 5] !== 0)
      return `prepared statement "${chunk.toString("latin1", at + 5, chunk.indexOf(0, at + 5))}" does not exist`;
  return undefined;
}

/** The first response of Postgres holds the whole message with the key. */
function withOwnKey(chunk: Buffer): Buffer {
  const at = chunk.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
  const isStartup = chunk[0] === 0x52 && at !== -1;
  if (isStartup) chunk.writeUInt32BE(1, at + 5);
  return chunk;
}

function errorResponse(message: string): Buffer {
  const body = Buffer.from(`SFATAL\0C08P01\0M${message}\0\0`);
  const head = Buffer.alloc(5, "E");
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
