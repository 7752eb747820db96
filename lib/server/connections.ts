import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Env } from "@/lib/core/env";
import { bounds, intervals } from "@/lib/core/policy";
import { noStore } from "@/lib/web/problem";

const prepared = new WeakSet<Server>();

/** Sets how long a server's connections stay open, and what it sends for requests that Node cannot parse. */
export function prepareServer(server: Server, { keepAlive }: Pick<Env, "keepAlive">): void {
  server.keepAliveTimeout = keepAlive * 1000;
  // Node closes an idle connection by the shorter of the two.
  server.headersTimeout = (keepAlive + intervals.headersAfterKeepAlive) * 1000;
  server.requestTimeout = Math.max(server.requestTimeout, server.headersTimeout);
  if (prepared.has(server)) return;
  prepared.add(server);
  server.on("clientError", refuseUnreadable);
  // Node would refuse it without the headers of every response. An unknown expectation may be ignored.
  server.on("checkExpectation", (...exchange) => server.emit("request", ...exchange));
}

/** What Node itself would answer to a request that it cannot read, and a cache must not store. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  const { _httpMessage: response } = socket as { _httpMessage?: ServerResponse };
  // Our side is closed already: these are bytes of a refused body.
  if (socket.writableEnded) return;
  if (socket.writable && !response?.headersSent)
    endConnection(socket, statuses[error.code ?? ""] ?? "400 Bad Request");
  else socket.destroy(error);
}

const statuses: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** Sends a response without a body, and closes the connection whatever the other side does. */
export function endConnection(socket: Duplex, status: string): void {
  const headers = { Connection: "close", "Content-Length": "0", ...noStore };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on("error", () => {});
  socket.end(`HTTP/1.1 ${status}\r\n${head.join("")}\r\n`);
  // Unread bytes would reset the connection, and with it the response.
  socket.resume();
  const close = setTimeout(() => socket.destroy(), intervals.lastBytes * 1000);
  socket.once("end", () => socket.destroy());
  socket.once("close", () => clearTimeout(close));
}

/**
 * Ends the connection of a request whose body may still be on its way. A connection that is closed with
 * unread bytes is reset, and the sender may lose the response. So our side is closed first, and the rest
 * of the body is read and discarded (RFC 9112, section 9.6): at most `bounds.discardedBodyBytes`, for at
 * most `intervals.discardedBody` seconds.
 */
export function closeInStages(request: IncomingMessage): void {
  const { socket } = request;
  socket.end();
  if (request.complete) return socket.destroySoon();
  let left = bounds.discardedBodyBytes;
  const close = () => socket.destroySoon();
  const timer = setTimeout(close, intervals.discardedBody * 1000);
  socket.once("end", close);
  socket.once("close", () => clearTimeout(timer));
  // Node's parser pushes the body, and waits while this returns false.
  request.push = (chunk: Buffer | null) => {
    left -= chunk?.length ?? 0;
    if (chunk === null || left < 0) close();
    return true;
  };
  // It may be waiting for a reader that does not come.
  socket.resume();
}
