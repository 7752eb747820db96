import { createTransport } from "mailer";
import { isLoopback } from "@/lib/core/env";
import type { Log } from "@/lib/runtime/ports";
import { bounds, intervals } from "@/lib/core/policy";
import { connectionCause } from "./connection-causes";
import { type Delivery, headersOf, type Mailer, quoted } from "./mailer";
import { adviceOn, concernsRecipient } from "./smtp-replies";

interface SmtpError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
  readonly command?: string;
  /** The server's reply as it came, or what it sent instead. */
  readonly response?: string;
}

/**
 * Sends by SMTP over pooled connections. To another machine it requires TLS, by smtps:// or STARTTLS, so
 * that credentials are never sent in clear text.
 */
export function smtpMailer(url: string, log: Log): Mailer {
  const server = new URL(url);
  const transport = transportTo(url);
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
      return deliveryOf(error as SmtpError, server, log);
    }
  };
}

function transportTo(url: string) {
  const server = new URL(url);
  return createTransport({
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
}

/** Why a mail server cannot be used. */
export interface SmtpProblem {
  readonly kind:
    | "unreachable"
    | "silent"
    | "not_mail_server"
    | "tls_failed"
    | "login_refused"
    | "refused";
  /** In words that an operator can act on. */
  readonly explanation: string;
}

/** Connects and signs in as sending does, without sending. Null when that works. */
export async function trySmtp(url: string): Promise<SmtpProblem | null> {
  const server = new URL(url);
  const transport = transportTo(url);
  try {
    await transport.verify();
    return null;
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    return problemOf(error as SmtpError, server);
  } finally {
    transport.close();
  }
}

function problemOf(error: SmtpError, server: URL): SmtpProblem {
  const { code = "", responseCode, response } = error;
  const isReply = responseCode !== undefined && code !== "ETLS";
  if (isReply && isSignInRefused(error))
    return {
      kind: "login_refused",
      explanation: `${signInHelp(server, response)} It said: ${quoted(response ?? "")}`,
    };
  if (isReply) return { kind: "refused", explanation: quoted(response ?? "") };
  const explanation = causeOf(error, server.host) ?? `The connection failed: ${code}.`;
  return { kind: kindOf(code, explanation), explanation };
}

function kindOf(code: string, explanation: string): SmtpProblem["kind"] {
  if (code === "EAUTH") return "login_refused";
  if (code === "EPROTOCOL") return "not_mail_server";
  if (code === "ETIMEDOUT" || code === "EABORT") return "silent";
  return /\b(TLS|STARTTLS)\b/.test(explanation) ? "tls_failed" : "unreachable";
}

const isSignInRefused = ({ code, responseCode }: SmtpError) =>
  code === "EAUTH" || responseCode === 535;

const signInHelp = ({ hostname }: URL, reply = "") =>
  adviceOn("sign_in", { host: hostname, reply }) ??
  "The mail server rejected the user name or password in SMTP_URL, or the way to sign in; its reply says which. Emails wait meanwhile.";

/**
 * The outcome for an SMTP error. Only a permanent refusal of the recipient is final. What concerns the
 * sender is for an operator to fix: it is an error in the log, and the email waits.
 */
function deliveryOf(error: SmtpError, server: URL, log: Log): Delivery {
  const { hostname, host } = server;
  const { code, responseCode, command, response } = error;
  const summary = ["smtp", responseCode, code, command].filter(Boolean).join(" ");
  const isReply = responseCode !== undefined && code !== "ETLS";
  const cause = isReply ? quoted(response ?? "") : causeOf(error, host);
  const reason = cause ? `${summary}: ${cause}` : summary;
  const isPermanent = isReply && responseCode >= 500;
  const help = isReply && adviceOn("temporary", { host: hostname, reply: response ?? "" });
  if (isPermanent && isSignInRefused(error)) {
    const help = signInHelp(server, response);
    log.error("mail.sign_in_refused", { host: hostname, reply: cause, help });
  } else if (isPermanent) {
    const isOfMessage = command === "RCPT TO" || command === "DATA";
    if (isOfMessage && concernsRecipient({ code: responseCode, text: response ?? "", command }))
      return { sent: false, reason, refused: true };
    log.error("mail.sender_refused", {
      host: hostname,
      reply: cause,
      help:
        adviceOn("sender", { host: hostname, reply: response ?? "" }) ??
        "The mail server refuses what Latchkey sends. Let it relay for this machine or for the user in SMTP_URL, and let it send as MAIL_FROM. Emails wait meanwhile.",
    });
  }
  return { sent: false, reason: help ? `${reason} ${help}` : reason };
}

/** Why a server could not be used at all, in words. */
function causeOf(error: SmtpError, host: string): string | undefined {
  const server = `The mail server ${host}`;
  const { code = "" } = error;
  switch (code) {
    case "EPROTOCOL":
      return `${host} does not respond as a mail server does: "${quoted(error.response ?? "")}". Check host and port in SMTP_URL.`;
    case "ETLS":
      return `${server} offers no encryption by STARTTLS, which is required for another machine. Turn it on there, or use smtps:// in SMTP_URL if the port expects TLS.`;
    case "EAUTH":
      return `${server} and Latchkey have no way to sign in in common. Check user and password in SMTP_URL, and which ways to sign in the server offers.`;
    case "ETIMEDOUT":
    case "EABORT":
      return `${host} did not respond within ${intervals.mailTimeout} seconds. Check host and port in SMTP_URL, whether a firewall blocks them (many networks block port 25), and whether the port needs smtps:// instead of smtp://.`;
    default:
      return connectionCause(error, { server: host, setting: "SMTP_URL" });
  }
}
