/**
 * Whom a mail server's refusal concerns. Only a refusal of the recipient is final: an operator can fix
 * what concerns the sender, such as a relay that does not know this machine, while emails wait.
 */

/** A permanent (5xx) reply to RCPT TO or to the message. */
interface Refusal {
  readonly code: number;
  readonly text: string;
  readonly command: "RCPT TO" | "DATA";
}

/** Status codes (RFC 3463) of an address or a mailbox that cannot receive email, whatever the words say. */
const exactlyOfRecipient = /^5\.(1\.(1|2|3|4|6|10)|2\.[12])$/;

/** The undefined ones of the recipient, which servers also send for a sender or for spam. */
const ofRecipient = /^5\.[12]\.0$/;

/** Status codes of either; Exchange Online refuses unknown recipients with 5.4.1. */
const ofEither = /^5\.(0\.0|4\.1|5\.0)$/;

/** Words of replies that refuse the sender, unless the status is exact. */
const namesSender = new RegExp(
  `\\b(${[
    "relay(ing)?|sender|return[- ]path|(mail|envelope|header)[- ]from|from (address|domain|header)",
    "authenticat\\w*|unauthori[sz]ed|spf|dkim|dmarc|helo|ehlo|client host|not owned",
    "black ?list\\w*|block ?list\\w*|blocked|banned|listed|dnsbl|rbl|spamhaus|ip|reputation|spam|policy",
  ].join("|")})\\b`,
  "i",
);

/** Words of replies that refuse the recipient, by servers that send no status code. */
const namesRecipient =
  /\brecipients?\b|\b(no such|unknown|invalid|disabled|inactive|non-?existent)\b.*\b(user|mailbox|account)\b|\b(user|mailbox|account)\b.*\b(unknown|unavailable|not found|does(n't| not) exist|disabled|inactive|full)\b/i;

/** Basic codes that refuse a mailbox at RCPT TO (RFC 5321): unavailable, not local, over its quota. */
const ofMailbox = [550, 551, 552];

/** Whether a refusal concerns the recipient and not the sender. Unclear ones count as the sender's. */
export function concernsRecipient({ code, text, command }: Refusal): boolean {
  const [, status] = /^\s*(?:\d{3}[ -])?(\d\.\d{1,3}\.\d{1,3})\b/.exec(text) ?? [];
  if (status && exactlyOfRecipient.test(status)) return true;
  const said = text.replace(/\S+@\S+/g, "");
  if (namesSender.test(said)) return false;
  if (status && !ofEither.test(status)) return ofRecipient.test(status);
  if (namesRecipient.test(said)) return true;
  return !status && command === "RCPT TO" && ofMailbox.includes(code);
}

const appPassword = (who: string) =>
  `${who} does not accept the account password. Turn on 2-step verification, create an app password, and use it in SMTP_URL.`;

/** What to do about replies that say more than their code: words of the reply, or names of hosts. */
const advice: readonly (readonly [where: "host" | "reply", pattern: RegExp, help: string])[] = [
  // First what is said whoever the sender is.
  [
    "reply",
    /gr[ea]y-?list/i,
    "The mail server lets unknown senders try again later (greylisting). Latchkey does; there is nothing to do.",
  ],
  [
    "reply",
    /\b(sending|daily|hourly|rate|quota|message) (user )?(sending )?(limit|quota)\b|\bquota exceeded for sending|too many (messages|emails|mails)|\bthrottl|[45]\.4\.5\b|4\.7\.28\b/i,
    "The mail provider's limit of emails is reached. Emails wait. Raise the limit there, or lower EMAILS_PER_HOUR so that it is not reached.",
  ],
  [
    "reply",
    /\bSTARTTLS\b/i,
    "The mail server requires TLS. Use smtps:// in SMTP_URL with the port for it, usually 465.",
  ],
];

const signInAdvice: typeof advice = [
  ["host", /(^|\.)(gmail|google|googlemail)\.com$/i, appPassword("Gmail")],
  ["reply", /\bgsmtp\b|support\.google\.com/i, appPassword("Gmail")],
  ["host", /(^|\.)yahoo\.com$/i, appPassword("Yahoo")],
  ["host", /(^|\.)(mail\.me|icloud)\.com$/i, appPassword("iCloud")],
  ["reply", /\bapp(lication)?[- ](specific )?password/i, appPassword("The mail provider")],
  [
    "reply",
    /5\.7\.139|SmtpClientAuthentication is disabled/i,
    "Microsoft 365 does not let this mailbox sign in by SMTP. Turn on “Authenticated SMTP” for it in the admin center, and security defaults off if they are on, or use another mail provider.",
  ],
  [
    "host",
    /^email-smtp\..*\.amazonaws\.com$/i,
    "Amazon SES accepts SMTP credentials only, which are made in its console under “SMTP settings”. Access keys of AWS do not work in SMTP_URL.",
  ],
  [
    "host",
    /(^|\.)sendgrid\.net$/i,
    "SendGrid's user name is the word apikey, and the password is an API key that may send email. Set both in SMTP_URL.",
  ],
  ...advice,
];

const senderAdvice: typeof advice = [
  ...advice,
  [
    "reply",
    /\bauthentication required|must authenticate/i,
    "The mail server accepts emails only after a sign-in. Put user and password into SMTP_URL: smtps://user:password@host.",
  ],
  [
    "reply",
    /\bnot verified\b/i,
    "The mail provider has not verified the sender. Verify the domain of MAIL_FROM there. Amazon SES also asks for production access, without which it sends to verified addresses only.",
  ],
  [
    "reply",
    /not owned by|send ?as|permissions? to send|not allowed to send|5\.7\.60\b/i,
    "The user in SMTP_URL may not send as MAIL_FROM. Set MAIL_FROM to an address of that user, or allow the address at the mail provider.",
  ],
  [
    "reply",
    /\b(spf|dkim|dmarc|unauthenticated)\b|5\.7\.2[0-9]\b/i,
    "The recipient's server cannot tell that this email is from the domain of MAIL_FROM. Set up SPF and DKIM for that domain as the mail provider says.",
  ],
  [
    "reply",
    /\b(black ?list|block ?list|dnsbl|rbl|spamhaus)/i,
    "The address of this machine or of the mail provider is on a blocklist, which the reply names. Ask for removal there, or send by another provider. MAIL_FROM is not the cause.",
  ],
];

/**
 * What an operator can do about a refused sign-in ("sign_in"), a refused sender ("sender") or a temporary
 * refusal ("temporary"); undefined where the reply says nothing that is known.
 */
export function adviceOn(
  what: "sign_in" | "sender" | "temporary",
  { host, reply }: { host: string; reply: string },
): string | undefined {
  const table = { sign_in: signInAdvice, sender: senderAdvice, temporary: advice }[what];
  return table.find(([where, pattern]) => pattern.test(where === "host" ? host : reply))?.[2];
}
