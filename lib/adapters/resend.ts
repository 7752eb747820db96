import { Resend } from "resend";
import { seconds } from "@/lib/core/duration";
import { intervals } from "@/lib/core/policy";
import { headersOf, type Mailer } from "./mailer";

/**
 * Sends with Resend. The outbox id is the idempotency key, so an email whose response was lost is not
 * sent twice (I5). The SDK never throws and has no timeout.
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
    // A missing error is no success: a faulty server may send an empty response.
    if (data?.id) return { sent: true };
    const reason = `resend ${error?.statusCode ?? "no response"} ${error?.name ?? ""}`.trim();
    // Only this error is about the email itself. An administrator can fix keys, quotas and domains
    // while the email waits.
    if (error?.statusCode === 422 && error.name === "validation_error")
      return { sent: false, reason, refused: true };
    const wait = Number(headers?.["retry-after"]);
    return { sent: false, reason, retryAfter: wait > 0 ? seconds(Math.ceil(wait)) : undefined };
  };
}
