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
