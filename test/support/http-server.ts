import { type Agent, createServer, request, type RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { World } from "@/lib/runtime/ports";

/** The database of a world that has none. */
export const noDatabase = new Proxy(
  {},
  {
    get: () => () => {
      throw new Error("gone");
    },
  },
) as World["db"];

const ends: (() => void)[] = [];

/** Ends all servers and removes the request gate. For `afterEach`. */
export function endServers(): void {
  Reflect.deleteProperty(Server.prototype, "emit");
  for (const end of ends.splice(0)) end();
}

/** Starts a server, by default one that responds as Next would behind the request gate, with 299. */
export async function listen(
  handler: RequestListener = (_, response) => response.writeHead(299).end("Next"),
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string;
}

/** Sends one request to a port of this machine, by a connection of its own or one of the agent's. */
export function requestAt(
  port: number,
  { body, ...sent }: Sent & { readonly agent?: Agent },
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent: false, ...sent, port }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    outgoing.on("error", reject).end(body);
  });
}
