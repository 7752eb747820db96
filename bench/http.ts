import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As it came over the wire, still compressed. */
  readonly body: Buffer;
  /** From the first byte out to the last byte in. */
  readonly ms: number;
}

/** A form as it goes over the wire. */
interface Form {
  readonly body: Buffer;
  readonly type: string;
}

// One connection that stays, like a browser's; what is timed is the server, not the handshake.
const oneConnection = new Agent({ keepAlive: true, maxSockets: 1 });

/** One request to a server; a body goes out as JSON, or as the form it is. */
export function send(
  origin: string,
  path: string,
  {
    headers = {},
    json,
    form,
    agent = oneConnection,
  }: { headers?: OutgoingHttpHeaders; json?: unknown; form?: Form; agent?: Agent } = {},
): Promise<HttpResponse> {
  const body = json === undefined ? form?.body : JSON.stringify(json);
  const type = body === undefined ? {} : { "Content-Type": form?.type ?? "application/json" };
  const method = body === undefined ? "GET" : "POST";
  return new Promise((resolve, reject) => {
    const since = performance.now();
    const outgoing = request(
      new URL(path, origin),
      { agent, method, timeout: 10_000, headers: { ...type, ...headers } },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.once("error", reject);
        incoming.once("end", () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(chunks),
            ms: performance.now() - since,
          }),
        );
      },
    );
    outgoing.once("error", reject);
    outgoing.once("timeout", () => outgoing.destroy(new Error(`${path} took longer than 10 s.`)));
    outgoing.end(body);
  });
}

/** The cookies an answer sets, as a browser would send them back: those that are to go are gone. */
export const cookiesFrom = ({ headers }: HttpResponse) =>
  (headers["set-cookie"] ?? [])
    .filter((logLine) => !/; max-age=0/i.test(logLine))
    .map((logLine) => logLine.split(";")[0])
    .join("; ");
