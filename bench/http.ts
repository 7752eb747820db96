import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body as received, still compressed. */
  readonly body: Buffer;
  /** From the first byte sent to the last byte received. */
  readonly ms: number;
}

/** An encoded form. */
interface Form {
  readonly body: Buffer;
  readonly type: string;
}

// One open connection, as in a browser: only the server is timed, not the connection setup.
const oneConnection = new Agent({ keepAlive: true, maxSockets: 1 });

/** Sends one request, with a JSON or form body. */
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

/** The cookies that a response sets, as a Cookie header, without the deleted ones. */
export const cookiesFrom = ({ headers }: HttpResponse) =>
  (headers["set-cookie"] ?? [])
    .filter((header) => !/; max-age=0/i.test(header))
    .map((header) => header.split(";")[0])
    .join("; ");

/** The device cookie of each person, as a browser stores it: another device would be told about by email. */
export class Devices {
  readonly #cookies = new Map<string, string>();

  /** The Cookie header of a person's next sign-in. */
  of(person: string): { readonly cookie?: string } {
    const cookie = this.#cookies.get(person);
    return cookie ? { cookie } : {};
  }

  store(person: string, response: HttpResponse): void {
    const cookie = cookiesFrom(response)
      .split("; ")
      .find((one) => one.startsWith("latchkey-device="));
    if (cookie) this.#cookies.set(person, cookie);
  }
}
