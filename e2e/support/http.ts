import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";

/** Where a server listens, and the origin it answers for. */
export interface ServerAddress {
  readonly port: number;
  readonly origin: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Sent {
  readonly method?: string;
  /** A header with several values is sent several times; with `undefined`, not at all. */
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

/** One request as written, path included: no client tidies it, and no redirect is followed. */
export function send(
  serverAddress: ServerAddress,
  path: string,
  sent: Sent = {},
): Promise<HttpResponse> {
  const { method = sent.body === undefined ? "GET" : "POST", headers, body } = sent;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: serverAddress.port,
        path,
        method,
        agent: false,
        headers: { host: new URL(serverAddress.origin).host, ...withoutUndefined(headers) },
        insecureHTTPParser: true,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        const response = () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(chunks).toString("utf8"),
          });
        incoming.once("end", response);
        // An answer that came before all was sent ends with the connection.
        incoming.once("error", response);
      },
    );
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

const withoutUndefined = (headers: OutgoingHttpHeaders = {}) =>
  Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));

/** The cookies an answer sets, by name: the value and its attributes as written. */
export const cookiesOf = ({ headers }: HttpResponse) =>
  new Map(
    (headers["set-cookie"] ?? []).map((logLine) => {
      const [pair = "", ...attributes] = logLine.split("; ");
      const [name = "", value = ""] = pair.split(/=(.*)/s);
      return [name, { value, attributes }] as const;
    }),
  );
