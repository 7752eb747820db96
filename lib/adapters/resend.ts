import { Resend } from "resend";
import { seconds } from "@/lib/core/duration";
import { intervals } from "@/lib/core/policy";
import { headersOf, type Mailer } from "./mailer";

/**
 * Sends by Resend. The outbox id is the idempotency key, so that a letter accepted and lost on the
 * way back is not sent twice (I5). The SDK never throws and has no time budget of its own.
 */
export function resendMailer(key: string, baseUrl: string | undefined): Mailer {
  const resend = new Resend(key, baseUrl ? { baseUrl } : {});
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
    // No error is no proof: a server in trouble may answer with nothing at all.
    if (data?.id) return { sent: true };
    const reason = `resend ${error?.statusCode ?? "no answer"} ${error?.name ?? ""}`.trim();
    // Of its refusals only this one is about the letter itself; wrong keys, quotas and domains are
    // for the operator to mend while the letter waits.
    if (error?.statusCode === 422 && error.name === "validation_error")
      return { sent: false, reason, refused: true };
    const wait = Number(headers?.["retry-after"]);
    return { sent: false, reason, retryAfter: wait > 0 ? seconds(Math.ceil(wait)) : undefined };
  };
}
