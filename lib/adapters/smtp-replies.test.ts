import { expect, it } from "vitest";
import { adviceOn, concernsRecipient } from "./smtp-replies";

// Replies as Postfix, Exim, qmail, Exchange Online, Gmail and Amazon SES send them.
it.each([
  ["RCPT TO", 550, "550 5.1.1 <ada@example.com>: Recipient address rejected: User unknown"],
  [
    "RCPT TO",
    550,
    "550 5.1.1 <ada@example.com>: Recipient address rejected: User unknown in relay recipient table",
  ],
  ["RCPT TO", 550, "550 5.2.1 The mailbox is disabled by a policy of its domain."],
  ["RCPT TO", 550, "550 5.2.0 Mailbox unavailable"],
  ["RCPT TO", 550, "550-5.1.1 The email account that you tried to reach does not exist."],
  ["RCPT TO", 550, "550 No such user here"],
  ["RCPT TO", 550, "550 relay@example.com: mailbox unavailable"],
  ["RCPT TO", 550, "No"],
  ["RCPT TO", 551, "551 User not local"],
  ["RCPT TO", 552, "552 5.2.2 The email account that you tried to reach is over quota"],
  ["RCPT TO", 550, "550 5.4.1 Recipient address rejected: Access denied."],
  ["RCPT TO", 553, "553 5.1.3 The recipient address is not a valid RFC 5321 address."],
  ["RCPT TO", 554, "554 5.1.1 Mailbox does not exist"],
  ["RCPT TO", 556, "556 5.1.10 Recipient address has null MX"],
  ["DATA", 550, "550 5.1.1 User unknown"],
  ["DATA", 550, "550 Unknown user"],
  ["DATA", 554, "554 no valid recipients"],
] as const)("a refusal of the recipient, at %s: %i %s", (command, code, text) => {
  expect(concernsRecipient({ command, code, text })).toBe(true);
});

it.each([
  ["RCPT TO", 554, "554 5.7.1 <ada@example.com>: Relay access denied"],
  ["RCPT TO", 550, "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"],
  ["RCPT TO", 550, "550 relay not permitted"],
  ["RCPT TO", 553, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"],
  ["RCPT TO", 553, "553 mailbox name not allowed"],
  ["RCPT TO", 554, "554 transaction failed"],
  ["RCPT TO", 550, "550 5.1.8 <x@y>: Sender address rejected: Domain not found"],
  ["RCPT TO", 550, "550 5.1.0 Sender rejected"],
  ["RCPT TO", 553, "553 5.7.1 <x@y>: Sender address rejected: not owned by user ada"],
  ["RCPT TO", 550, "550 5.7.1 Service unavailable; client host [192.0.2.1] blocked"],
  ["RCPT TO", 550, "550 Your IP is listed in a block list"],
  ["RCPT TO", 530, "530 5.7.0 Must issue a STARTTLS command first"],
  ["DATA", 554, "554 Message rejected: Email address is not verified."],
  ["DATA", 550, "550 5.7.26 Unauthenticated email from example.com is not accepted"],
  ["DATA", 552, "552 5.2.0 Suspected spam message rejected"],
  ["DATA", 554, "554 this looks like spam"],
  ["DATA", 552, "552 5.3.4 Message size exceeds fixed limit"],
  ["DATA", 550, "No"],
  ["DATA", 554, ""],
] as const)("a refusal of the sender, at %s: %i %s", (command, code, text) => {
  expect(concernsRecipient({ command, code, text })).toBe(false);
});

// Replies as the providers document them.
it.each([
  ["sign_in", "smtp.gmail.com", "535-5.7.8 Username and Password not accepted.", /app password/],
  [
    "sign_in",
    "mail.example.com",
    "535 5.7.8 https://support.google.com/mail/?p=BadCredentials ffacd0b85a97d - gsmtp",
    /^Gmail .* app password/,
  ],
  ["sign_in", "smtp.mail.yahoo.com", "535 5.7.0 (#AUTH005) Too many bad auth attempts.", /^Yahoo/],
  ["sign_in", "smtp.mail.me.com", "535 5.7.8 Error: authentication failed", /^iCloud/],
  [
    "sign_in",
    "smtp.zoho.com",
    "535 Authentication Failed: use an application specific password",
    /app password/,
  ],
  [
    "sign_in",
    "smtp.office365.com",
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
    /Authenticated SMTP/,
  ],
  [
    "sign_in",
    "email-smtp.eu-west-1.amazonaws.com",
    "535 Authentication Credentials Invalid",
    /SMTP credentials/,
  ],
  ["sign_in", "smtp.sendgrid.net", "535 Authentication failed: Bad username / password", /apikey/],
  ["sign_in", "mail.example.com", "530 5.7.0 Must issue a STARTTLS command first", /smtps:/],
  ["sender", "mail.example.com", "530 5.7.0 Must issue a STARTTLS command first", /smtps:/],
  ["sender", "mail.example.com", "530 5.7.1 Authentication required", /user and password into/],
  [
    "sender",
    "email-smtp.eu-west-1.amazonaws.com",
    "554 Message rejected: Email address is not verified.",
    /Verify the domain of MAIL_FROM/,
  ],
  [
    "sender",
    "smtp.office365.com",
    "554 5.2.252 SendAsDenied; ada@example.com not allowed to send as leo@example.com",
    /may not send as MAIL_FROM/,
  ],
  [
    "sender",
    "mail.example.com",
    "553 5.7.1 <leo@example.com>: Sender address rejected: not owned by user ada",
    /may not send as MAIL_FROM/,
  ],
  [
    "sender",
    "gmail-smtp-in.l.google.com",
    "550-5.7.26 This mail has been blocked because the sender is unauthenticated.",
    /SPF and DKIM/,
  ],
  [
    "sender",
    "mail.example.com",
    "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
    /blocklist/,
  ],
  ["sender", "smtp.gmail.com", "550 5.4.5 Daily user sending limit exceeded.", /EMAILS_PER_HOUR/],
  ["temporary", "mail.example.com", "450 4.2.0 Greylisted, see http://postgrey", /nothing to do/],
  ["temporary", "mail.example.com", "451 4.7.1 Greylisting in action", /nothing to do/],
  [
    "temporary",
    "email-smtp.eu-west-1.amazonaws.com",
    "454 Throttling failure: Maximum sending rate exceeded.",
    /EMAILS_PER_HOUR/,
  ],
  [
    "temporary",
    "smtp.gmail.com",
    "421-4.7.28 Gmail has detected an unusual rate",
    /EMAILS_PER_HOUR/,
  ],
] as const)("%s at %s: %s", (what, host, reply, help) => {
  expect(adviceOn(what, { host, reply })).toMatch(help);
});

it.each([
  ["sign_in", "mail.example.com", "535 5.7.8 Error: authentication failed"],
  ["sign_in", "notgmail.com", "535 5.7.8 Error: authentication failed"],
  ["sender", "mail.example.com", "554 5.7.1 Relay access denied"],
  ["temporary", "mail.example.com", "451 4.3.0 Temporary failure"],
  ["temporary", "mail.example.com", "452 4.2.2 The recipient's mailbox is over its quota"],
] as const)("no advice where the reply does not say more: %s at %s: %s", (what, host, reply) => {
  expect(adviceOn(what, { host, reply })).toBeUndefined();
});
