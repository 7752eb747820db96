import { createTransport } from "mailer";
import { isLoopback } from "@/lib/core/env";
import type { Log } from "@/lib/runtime/ports";
import { bounds, intervals } from "@/lib/core/policy";
import { type Delivery, headersOf, type Mailer } from "./mailer";

interface SmtpError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
  readonly command?: string;
}

/**
 * Sends by SMTP over pooled connections. To another machine it requires TLS, by smtps:// or STARTTLS, so
 * that credentials are never sent in clear text.
 */
export function smtpMailer(url: string, log: Log): Mailer {
  const server = new URL(url);
  const transport = createTransport({
    url,
    pool: true,
    // One batch of the courier in parallel. Only the outbox retries.
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
      // Boundaries are random by default, but a retry must send the same bytes (X3).
      baseBoundary: id,
      // The other timeouts limit each pause. This one limits the send, which must end before its lease.
      signal: AbortSignal.timeout(intervals.mailTimeout * 1000),
    };
    try {
      await transport.sendMail(mail);
      return { sent: true };
    } catch (error) {
      // Nodemailer's errors have a code; any other error is a bug.
      if (!(error instanceof Error && "code" in error)) throw error;
      return deliveryOf(error as SmtpError, server.hostname, log);
    }
  };
}

/** The outcome for an SMTP error: a 5xx reply to RCPT TO or DATA is final, any other error is retried. */
function deliveryOf({ code, responseCode, command }: SmtpError, host: string, log: Log): Delivery {
  const reason = ["smtp", responseCode, code, command].filter(Boolean).join(" ");
  if (responseCode === 535) {
    const gmail = /(^|\.)(gmail|google|googlemail)\.com$/i.test(host);
    log.error("mail.sign_in_refused", {
      host,
      help: gmail
        ? "Gmail does not accept the account password. Turn on 2-step verification, create an app password, and use it in SMTP_URL."
        : "The mail server rejected the user name or password in SMTP_URL.",
    });
  }
  const final = responseCode !== undefined && responseCode >= 500 && responseCode !== 535;
  return final && (command === "RCPT TO" || command === "DATA")
    ? { sent: false, reason, refused: true }
    : { sent: false, reason };
}
