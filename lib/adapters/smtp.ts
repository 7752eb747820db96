import { createTransport } from "mailer";
import { isLoopback } from "@/lib/core/env";
import type { Log } from "@/lib/runtime/ports";
import { bounds, intervals } from "@/lib/core/policy";
import { type Delivery, headersOf, type Mailer } from "./mailer";

/** What nodemailer's errors carry. */
interface SmtpError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
  readonly command?: string;
}

/**
 * Sends by SMTP over a few kept connections. Credentials never travel in clear to another machine:
 * there STARTTLS is required where TLS is not implied by smtps://.
 */
export function smtpMailer(url: string, log: Log): Mailer {
  const server = new URL(url);
  const transport = createTransport({
    url,
    pool: true,
    // A batch of the courier at once, and no retries of its own: those are the outbox's.
    maxConnections: bounds.outboxBatch,
    maxRequeues: 0,
    requireTLS: server.protocol === "smtp:" && !isLoopback(server.hostname),
    connectionTimeout: intervals.mailTimeout * 1000,
    greetingTimeout: intervals.mailTimeout * 1000,
    socketTimeout: intervals.mailTimeout * 1000,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return async (message) => {
    const { "Message-ID": messageId, ...headers } = headersOf(message);
    const { id, from, to, subject, html, text, date } = message;
    const mail = {
      from,
      to: { name: "", address: to },
      subject,
      html,
      text,
      messageId,
      headers,
      date: new Date(date),
      // Part boundaries are random otherwise, and a retry would not be the same bytes (X3).
      baseBoundary: id,
      // The other timeouts bound each silence; this one the whole send, which must end before its lease.
      signal: AbortSignal.timeout(intervals.mailTimeout * 1000),
    };
    try {
      await transport.sendMail(mail);
      return { sent: true };
    } catch (error) {
      // Nodemailer's own failures all have a code; anything else is a bug of ours.
      if (!(error instanceof Error && "code" in error)) throw error;
      return deliveryOf(error as SmtpError, server.hostname, log);
    }
  };
}

/** An SMTP failure as an answer. 5xx to the recipient or the content is final, everything else waits. */
function deliveryOf({ code, responseCode, command }: SmtpError, host: string, log: Log): Delivery {
  const reason = ["smtp", responseCode, code, command].filter(Boolean).join(" ");
  if (responseCode === 535) {
    const gmail = /(^|\.)(gmail|google|googlemail)\.com$/i.test(host);
    log.error("mail.sign_in_refused", {
      host,
      help: gmail
        ? "Gmail takes no account password here: turn on 2-step verification, make an app password, and put that into SMTP_URL."
        : "The mail server refused the user or password in SMTP_URL.",
    });
  }
  const final = responseCode !== undefined && responseCode >= 500 && responseCode !== 535;
  return final && (command === "RCPT TO" || command === "DATA")
    ? { sent: false, reason, refused: true }
    : { sent: false, reason };
}
