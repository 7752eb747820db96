import { createHash } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A fault instead of a range. */
type Failure = (response: ServerResponse) => void;

/** The requests, verbatim. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const sha1 = (text: string) => createHash("sha1").update(text).digest("hex").toUpperCase();

/** A suffix of no known password, a different one each time. */
const padding = (at: number) => `${sha1(`padding ${at}`).slice(5)}:0`;

/**
 * A server that responds as Pwned Passwords does: 5 hex digits in the path, a line for each
 * breached password that begins so, and with `Add-Padding` some that count 0. It records its
 * requests.
 */
export async function startFakePwnedPasswords(stolen: readonly string[]) {
  const asked: Asked[] = [];
  const unstolen = new Set<string>();
  let failWith: Failure | null = null;

  function result(path: string, isPadded: boolean, response: ServerResponse) {
    const prefix = /^\/range\/([0-9A-Fa-f]{5})(\?mode=sha1)?$/.exec(path)?.[1]?.toUpperCase();
    if (!prefix) return response.writeHead(400).end("The hash prefix was not in a valid format");
    const known = stolen
      .map(sha1)
      .filter((digest) => digest.startsWith(prefix))
      .map((digest) => `${digest.slice(5)}:${unstolen.has(digest) ? 0 : 42}`);
    const filling = isPadded ? Array.from({ length: 800 }, (_, at) => padding(at)) : [];
    return response.writeHead(200).end([...known, ...filling].join("\r\n"));
  }

  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      asked.push({ method, path: url, headers, body: Buffer.concat(chunks).toString() });
      if (failWith) failWith(response);
      else result(url, headers["add-padding"] === "true", response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    failWith: (next: Failure) => void (failWith = next),
    /** From now on this one is padding: it counts 0. */
    forget: (password: string) => void unstolen.add(sha1(password)),
    resetProviders() {
      failWith = null;
      asked.length = 0;
      unstolen.clear();
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
