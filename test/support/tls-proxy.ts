import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { TLSSocket } from "node:tls";
import { localCertificate } from "./local-certificate";

/**
 * A Postgres with TLS: it accepts the first message's request for TLS, and passes on the decrypted
 * bytes.
 */
export async function startTlsProxy(target: string) {
  const { port, hostname } = new URL(target);
  let secured = 0;
  const server = createServer((client) => {
    client.on("error", () => client.destroy());
    client.once("data", () => {
      const inside = new TLSSocket(client, { isServer: true, ...localCertificate });
      const database = connect(Number(port), hostname);
      inside.once("secure", () => (secured += 1));
      inside.on("error", () => database.destroy()).pipe(database);
      database.on("error", () => inside.destroy()).pipe(inside);
      client.write("S");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(target);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    /** How many connections have become secure. */
    secured: () => secured,
    stop: () => void server.close(),
  };
}
