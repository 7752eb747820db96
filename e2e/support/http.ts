import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";
import { request as requestByTls } from "node:https";

/** The port where a server listens, and its public origin. */
export interface ServerAddress {
  readonly port: number;
  readonly origin: string;
  /** Of the proxy with TLS that listens at the port; without it, requests are sent in clear text. */
  readonly certificate?: string;
  /** The address of this machine that requests come from. */
  readonly from?: string;
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

/** Sends one request exactly as given: the path is not normalised, and redirects are not followed. */
export function send(
  serverAddress: ServerAddress,
  path: string,
  sent: Sent = {},
): Promise<HttpResponse> {
  const { method = sent.body === undefined ? "GET" : "POST", headers, body } = sent;
  const { port, certificate, from } = serverAddress;
  return new Promise((resolve, reject) => {
    const outgoing = (certificate ? requestByTls : request)(
      {
        host: "127.0.0.1",
        port,
        localAddress: from,
        ...(certificate && { ca: certificate, servername: "localhost" }),
        path,
        method,
        agent: false,
        headers: { host: new URL(serverAddress.origin).host, ...withoutUndefined(headers) },
        insecureHTTPParser: true,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        const finish = () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(chunks).toString("utf8"),
          });
        incoming.once("end", finish);
        // A server may respond before the whole body is sent, and then close the connection.
        incoming.once("error", finish);
        incoming.once("close", finish);
      },
    );
    outgoing.once("error", reject);
    // A connection may end with neither a response nor an error.
    outgoing.once("close", () => reject(new Error("socket hang up")));
    outgoing.end(body);
  });
}

const withoutUndefined = (headers: OutgoingHttpHeaders = {}) =>
  Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));

/** The cookies that a response sets, by name, with their value and attributes. */
export const cookiesOf = ({ headers }: HttpResponse) =>
  new Map(
    (headers["set-cookie"] ?? []).map((cookie) => {
      const [pair = "", ...attributes] = cookie.split("; ");
      const [name = "", value = ""] = pair.split(/=(.*)/s);
      return [name, { value, attributes }] as const;
    }),
  );
