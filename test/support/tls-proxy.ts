import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { TLSSocket } from "node:tls";

/** A self-signed certificate for "localhost", for tests only. */
const identity = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgoIqH13XDtYCdgJ8J
OJtTKlzEC1X6wlIlcQbeG3JlkA6hRANCAATsVqfnLyGab4cukIhNTvHZUhl4l9h0
xzXjrzEFeh/Hlgo4K4aJLCKkg1hC2F4b+Pk3e5qrILEXVJB0dBSiBUxr
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBljCCATugAwIBAgIUd78+tcC00lFo4WNShZbz7wwiQ1UwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyODIyMjYxN1oYDzIxMjYxMTA0
MjIyNjE3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATsVqfnLyGab4cukIhNTvHZUhl4l9h0xzXjrzEFeh/Hlgo4K4aJLCKk
g1hC2F4b+Pk3e5qrILEXVJB0dBSiBUxro2kwZzAdBgNVHQ4EFgQUEF1mwncfcguv
g42qJ2h9hngNLGAwHwYDVR0jBBgwFoAUEF1mwncfcguvg42qJ2h9hngNLGAwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SQAwRgIhAN5WqCNI3RYhhNfLoCOihrbyTBcecEYl92tnwLn/daTyAiEAv5jhDG0y
zNFIQ8801cCamqXZWup7FXOlLJB1HHmpWWI=
-----END CERTIFICATE-----`,
};

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
      const inside = new TLSSocket(client, { isServer: true, ...identity });
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
