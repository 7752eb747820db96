import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/**
 * A balancer in front of several processes of one installation: each connection goes to the next process
 * in turn, and to another one when that accepts none. It repeats no request.
 */
export async function startBalancer() {
  let ports: readonly number[] = [];
  let turn = 0;
  let last = 0;
  const open = new Set<Socket>();

  function pass(client: Socket, candidates: readonly number[]): void {
    const [port, ...others] = candidates;
    if (port === undefined) return void client.resetAndDestroy();
    const process = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    open.add(process);
    process.once("close", () => open.delete(process));
    const refused = () => pass(client, others);
    process.once("error", refused);
    process.once("connect", () => {
      process.off("error", refused);
      last = port;
      for (const [one, other] of [
        [client, process],
        [process, client],
      ] as const) {
        one.on("error", () => other.resetAndDestroy());
        one.on("close", () => other.destroySoon());
        one.pipe(other);
      }
    });
  }

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    open.add(client);
    client.once("close", () => open.delete(client));
    client.on("error", () => client.destroy());
    const first = turn++ % Math.max(ports.length, 1);
    pass(client, [...ports.slice(first), ...ports.slice(0, first)]);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    /** New connections go to these processes from now on. */
    serve: (next: readonly number[]) => void (ports = next),
    /** The process of the last connection. */
    last: () => last,
    stop: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

export type Balancer = Awaited<ReturnType<typeof startBalancer>>;
