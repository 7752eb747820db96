import { Resend } from "resend";
import { seconds } from "@/lib/core/duration";
import { intervals } from "@/lib/core/policy";
import { connectionCause } from "./connection-causes";
import { headersOf, type Mailer, quoted } from "./mailer";

type Result<T> = Awaited<ReturnType<typeof Resend.prototype.fetchRequest<T>>>;

/** The SDK's client. The SDK's own `fetchRequest` drops the reason of a request without a response. */
class Client extends Resend {
  override async fetchRequest<T>(path: string, options: RequestInit = {}): Promise<Result<T>> {
    try {
      const response = await fetch(`${this.baseUrl}${path}`, options);
      const headers = Object.fromEntries(response.headers);
      const body = asObject(await response.text());
      const result = body ?? failure(response.status, notResend(this.baseUrl));
      return (
        response.ok && body
          ? { data: body, error: null, headers }
          : { data: null, error: result, headers }
      ) as Result<T>;
    } catch (error) {
      return { data: null, error: failure(null, this.#causeOf(error)), headers: null };
    }
  }

  #causeOf(error: unknown): string {
    const peer = { server: new URL(this.baseUrl).host, setting: "RESEND_BASE_URL" };
    if (error instanceof Error && error.name === "TimeoutError")
      return `${peer.server} did not respond within ${intervals.mailTimeout} seconds. Check whether a firewall blocks it.`;
    const { cause } = error as { cause?: unknown };
    return connectionCause(error, peer) ?? `The request failed: ${String(cause ?? error)}.`;
  }
}

const failure = (statusCode: number | null, message: string) => ({
  name: "application_error" as const,
  statusCode,
  message,
});

const notResend = (baseUrl: string) =>
  `${new URL(baseUrl).host} does not respond as Resend does. Check RESEND_BASE_URL, and proxies between.`;

/** The object that a JSON text has; null for any other text. */
function asObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** What Resend says about a key and a sender, without an email. */
export type ResendState =
  | "ready"
  /** The key may only send, so that the domain cannot be looked up. */
  | "sends_only"
  | "domain_unverified"
  | { readonly kind: "key_refused" | "unreachable" | "refused"; readonly explanation: string };

/** Asks whether the key is valid, and whether the domain of the sender is verified. */
export async function tryResend(
  key: string,
  baseUrl: string | undefined,
  sender: string,
): Promise<ResendState> {
  const resend = new Client(key, baseUrl ? { baseUrl } : {});
  const { data, error } = await resend.get<Domains>("/domains", {
    signal: AbortSignal.timeout(intervals.mailTimeout * 1000),
  } as object);
  if (error) {
    const { name, statusCode, message } = error;
    if ((name as string) === "restricted_api_key") return "sends_only";
    const explanation = quoted(String(message ?? ""));
    if (statusCode === null) return { kind: "unreachable", explanation };
    const isOfKey = [400, 401, 403].includes(statusCode);
    return { kind: isOfKey ? "key_refused" : "refused", explanation };
  }
  const domain = sender.split("@")[1];
  const verified = data?.data?.filter(({ status }) => status === "verified") ?? [];
  return verified.some(({ name }) => name === domain) ? "ready" : "domain_unverified";
}

interface Domains {
  readonly data?: readonly { readonly name: string; readonly status: string }[];
}

/** Fields of an email that are the sender's, as Resend names them in its errors. */
const senderField = /\b(from|reply_to|domain|headers?|subject|html|text|api key)\b/i;

/**
 * Sends with Resend. The outbox id is the idempotency key, so an email whose response was lost is not
 * sent twice (I5). Never throws for what the server does.
 */
export function resendMailer(key: string, baseUrl: string | undefined): Mailer {
  const resend = new Client(key, baseUrl ? { baseUrl } : {});
  return async (message) => {
    const { from, to, subject, html, text } = message;
    const name = from.name.replace(/["\\]/g, "\\$&");
    const sender = name ? `"${name}" <${from.address}>` : from.address;
    const { data, error, headers } = await resend.emails.send(
      { from: sender, to: [to], subject, html, text, headers: headersOf(message) },
      {
        idempotencyKey: message.id,
        signal: AbortSignal.timeout(intervals.mailTimeout * 1000),
      },
    );
    // A missing error is no success: a faulty server may send an empty response.
    if (data?.id) return { sent: true };
    const said = error ? quoted(String(error.message ?? "")) : notResend(resend.baseUrl);
    const summary = `resend ${error?.statusCode ?? "no response"} ${error?.name ?? ""}`.trim();
    // 409 is about another attempt at the same email, and leaves nothing to do.
    const reason = said && error?.statusCode !== 409 ? `${summary}: ${said}` : summary;
    // Only this error is about the recipient. An administrator can fix the sender, keys, quotas and
    // domains while the email waits.
    const isOfFields = error?.statusCode === 422 && error.name === "validation_error";
    if (isOfFields && !senderField.test(said)) return { sent: false, reason, refused: true };
    const wait = Number(headers?.["retry-after"]);
    return { sent: false, reason, retryAfter: wait > 0 ? seconds(Math.ceil(wait)) : undefined };
  };
}
