import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An email as Resend accepts it. */
interface SentMail {
  readonly from: string;
  readonly to: string[];
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  readonly headers: Record<string, string>;
}

/** A verbatim response. */
interface ProviderResponse {
  readonly status: number;
  readonly body: string;
  readonly headers?: Record<string, string>;
}

/** `lost`: the email is accepted, and the connection ends before the response. */
type Failure = ProviderResponse | "lost" | "hangs_up" | "never_answers";

const json = (status: number, body: object, headers = {}): ProviderResponse => ({
  status,
  body: JSON.stringify(body),
  headers: { "content-type": "application/json", ...headers },
});

/** One of Resend's errors, in the shape of its API. */
export const resendError = (
  status: number,
  name: string,
  headers: Record<string, string> = {},
  message = `This is ${name}.`,
) => json(status, { statusCode: status, name, message }, headers);

/**
 * A server that responds as Resend does: an API key, and idempotency keys that answer a repeated
 * email with the first one's id and refuse another email under the same key.
 */
export async function startFakeResend(key = "re_test") {
  const delivered: SentMail[] = [];
  const bodies: string[] = [];
  const keys: string[] = [];
  const known = new Map<string, { body: string; id: string }>();
  const domains: { name: string; status: "verified" | "pending" }[] = [];
  let failWith: { failWith: Failure; times: number } | null = null;

  function accept(idempotencyKey: string, body: string): ProviderResponse {
    const before = known.get(idempotencyKey);
    if (before && before.body !== body) return resendError(409, "invalid_idempotent_request");
    const id = before?.id ?? randomUUID();
    if (!before) delivered.push(JSON.parse(body) as SentMail);
    if (idempotencyKey) known.set(idempotencyKey, { body, id });
    return json(200, { id });
  }

  function answerOf({ method, url, headers }: IncomingMessage, body: string): ProviderResponse {
    const isLookup = method === "GET" && url === "/domains";
    if (!isLookup && (method !== "POST" || url !== "/emails")) return resendError(404, "not_found");
    if (!headers.authorization) return resendError(401, "missing_api_key");
    if (headers.authorization !== `Bearer ${key}`) return resendError(403, "invalid_api_key");
    if (isLookup)
      return typeof failWith?.failWith === "object"
        ? failWith.failWith
        : json(200, { object: "list", data: domains });
    const idempotencyKey = String(headers["idempotency-key"] ?? "");
    bodies.push(body);
    keys.push(idempotencyKey);
    if (!failWith || failWith.times === 0) return accept(idempotencyKey, body);
    failWith.times -= 1;
    if (typeof failWith.failWith === "object") return failWith.failWith;
    if (failWith.failWith === "lost") accept(idempotencyKey, body);
    throw failWith.failWith === "never_answers" ? new Silence() : new HungUp();
  }

  const server = createServer((request, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      try {
        const { status, body, headers } = answerOf(request, Buffer.concat(chunks).toString());
        response.writeHead(status, headers).end(body);
      } catch (error) {
        if (error instanceof HungUp) request.socket.destroy();
        else if (!(error instanceof Silence)) throw error;
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    key,
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** The emails that would be delivered by now. */
    delivered,
    /** The domains of senders. */
    domains,
    /** Every request's body and idempotency key, as they came. */
    bodies,
    keys,
    /** Fails the next requests in this way; all of them by default. */
    failWith(next: Failure, times = Infinity) {
      failWith = { failWith: next, times };
    },
    /** Works normally from now on, and forgets the requests. */
    resetProviders() {
      failWith = null;
      known.clear();
      for (const saved of [delivered, bodies, keys, domains]) saved.length = 0;
    },
    /** Hangs up on clients that still wait for a response. */
    release: () => server.closeAllConnections(),
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class Silence extends Error {}
class HungUp extends Error {}
