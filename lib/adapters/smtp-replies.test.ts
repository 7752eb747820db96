import { expect, it } from "vitest";
import { concernsRecipient } from "./smtp-replies";

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
