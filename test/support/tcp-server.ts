import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/**
 * A TCP server on a free loopback port, which sends the greeting, and calls `respond` with each chunk of
 * a connection.
 */
export async function startTcpServer(
  respond: (socket: Socket, chunk: Buffer) => unknown,
  greeting = "",
) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    if (greeting) socket.write(greeting);
    socket.on("data", (chunk) => respond(socket, chunk));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A Postgres that refuses every connection with this error, and offers no TLS. */
export const startRefusingPostgres = (code: string, message: string) =>
  startTcpServer((socket, chunk) => {
    if (chunk.length === 8) return socket.write("N");
    const body = Buffer.from(`SFATAL\0C${code}\0M${message}\0\0`);
    const head = Buffer.alloc(5, "E");
    head.writeUInt32BE(body.length + 4, 1);
    return socket.end(Buffer.concat([head, body]));
  });

/**
 * A Redis that gives these replies, in its protocol, to commands by their names. By default it grants
 * each limit, and has a memory without bound.
 */
export const startFakeRedis = (replies: Record<string, string> = {}) => {
  const usual: Record<string, string> = {
    eval: "*3\r\n:1\r\n:1\r\n$3\r\n1:0\r\n",
    info: bulk(
      "redis_version:7.4.0\r\nloading:0\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n",
    ),
  };
  let rest = "";
  return startTcpServer((socket, chunk) => {
    rest += chunk.toString("latin1");
    for (let command = nextCommand(rest); command; command = nextCommand(rest)) {
      rest = rest.slice(command.length);
      socket.write(replies[command.name] ?? usual[command.name] ?? "+OK\r\n");
    }
  });
};

/** Text as Redis sends it. */
export const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;

/** The first complete command of what has arrived: an array of texts, each after its length. */
function nextCommand(text: string): { name: string; length: number } | null {
  const [head, count] = /^\*(\d+)\r\n/.exec(text) ?? [];
  if (!head) return null;
  let at = head.length;
  let name = "";
  for (let left = Number(count); left > 0; left -= 1) {
    const [size, length] = /^\$(\d+)\r\n/.exec(text.slice(at)) ?? [];
    if (!size) return null;
    const start = at + size.length;
    at = start + Number(length) + 2;
    if (at > text.length) return null;
    name ||= text.slice(start, at - 2).toLowerCase();
  }
  return { name, length: at };
}
