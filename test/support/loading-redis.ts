import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** A Redis that answers every command as a real one does while it reads its data set from the disk. */
export async function startLoadingRedis() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      // Each command begins with the number of its words.
      const commands = chunk.toString("latin1").match(/(^|\n)\*\d+\r\n/g)?.length ?? 0;
      socket.write("-LOADING Redis is loading the dataset in memory\r\n".repeat(commands));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
