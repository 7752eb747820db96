import { describe, expect, it } from "vitest";
import { hours, minutes, seconds } from "@/lib/core/duration";
import { type RefusalCode, refusals } from "@/lib/core/errors";
import { addressProblems } from "@/lib/core/identifier";
import type { MethodId } from "@/lib/core/method-id";
import type { Refusal } from "@/lib/core/result";
import { methods, oauthMethods } from "@/lib/methods";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { passwordMethod } from "@/lib/methods/password";
import { messagesIn } from "./index";
import { en } from "./en";
import { messageOf } from "./refusal-message";

const codes = Object.keys(refusals) as RefusalCode[];
const messages = messagesIn("en");

/** Told only to a person who is signed in, or has confirmed the address. */
const toldAfterSignIn: readonly RefusalCode[] = [
  "identity_already_in_use",
  "provider_already_linked",
];
/** About a page, not about a person. */
const aboutPages: readonly RefusalCode[] = ["not_found"];

describe("an error message", () => {
  it.each(codes)("is whole sentences with nothing left to fill in: %s", (code) => {
    for (const retryAfter of [undefined, seconds(1), minutes(12), hours(25)]) {
      const text = messageOf(messages, { code, retryAfter });
      expect(text).toMatch(/^[A-Z].+\.$/);
      expect(text).not.toMatch(/[{}<>]|undefined|null|NaN|\s\s/);
    }
  });

  it.each(codes.filter((code) => ![...toldAfterSignIn, ...aboutPages].includes(code)))(
    "never says whether an account exists: %s",
    (code) => {
      expect(en[`error.${code}`]).not.toMatch(
        /already|exist|registered|in use|taken|no account|no such|unknown (user|address|account)|not found|have an account|user/i,
      );
    },
  );

  it.each(codes)("does not blame, apologise or beg: %s", (code) => {
    expect(en[`error.${code}`]).not.toMatch(/please|sorry|oops|invalid|illegal|error|!/i);
  });

  it("says how long to wait, never too short", () => {
    expect(messageOf(messages, { code: "too_many_requests", retryAfter: seconds(61) })).toBe(
      "Too many requests. Try again in 2 minutes.",
    );
    expect(messageOf(messages, { code: "resend_too_soon", retryAfter: seconds(42) })).toBe(
      "An email was requested just now. You can request another one in 42 seconds.",
    );
  });

  it.each(codes.filter((code) => en[`error.${code}`].includes("{wait}")))(
    "has a status that programs wait on where it names a time: %s",
    (code) => expect([429, 503]).toContain(refusals[code].status),
  );

  it.each([
    ["emailRequestsPerIp", ["Google"], "from your network, by you or by others"],
    ["emailRequestsPerIp", ["Google"], "or sign in with Google, which needs no email."],
    ["emailRequestsPerIp", [], "by others who share it. Try again in 5 minutes."],
    ["emailRequestsPerDevice", [], "You requested too many emails in this browser."],
    ["oauthAttemptsPerIp", [], "from your network, by you or by others"],
    ["confirmationsPerIp", [], "from your network, by you or by others"],
  ] as const)("says whose requests a limit counts: %s %j: %s", (limit, names, part) => {
    const refusal = {
      code: "too_many_requests",
      limit,
      otherMethods: "all",
      retryAfter: minutes(5),
    } as const;
    const enabled = oauthMethods().filter(({ oauth }) => names.some((name) => name === oauth.name));
    const ids = enabled.map(({ id }) => id);
    expect(messageOf(messages, refusal, ids)).toContain(part);
  });

  it.each([
    ["passwordsPerIp", "password", "from your network, by you or by others"],
    ["passwordsPerAccount", "password", "Too many wrong passwords. Try again in 5 minutes"],
    ["codesPerHour", "code", "Too many wrong codes for this address."],
    ["codesPerDay", "code", "Try again in 5 minutes."],
  ] as const)("says whose attempts a limit counts: %s %s: %s", (limit, field, part) => {
    const refusal = { code: "too_many_attempts", limit, field, retryAfter: minutes(5) } as const;
    expect(messageOf(messages, refusal)).toContain(part);
  });

  it.each(addressProblems)("names the problem of an address: %s", (problem) => {
    const text = messageOf(messages, { code: "email_invalid", problem });
    expect(text).toMatch(/^[A-Z].+\.$/);
    expect(text.includes("name@example.com")).toBe(problem === "other");
  });

  it("names no lifetime that the operator may have changed", () => {
    expect(en["error.link_invalid"]).not.toMatch(/hour|minute/);
  });

  it("shows an address as it is, whatever it is made of", () => {
    const address = "$&{wait}<b>@example.com";
    expect(messageOf(messages, { code: "signed_in_as_other", address })).toBe(
      `You’re now signed in as ${address}, so nothing was changed.`,
    );
  });

  it("says the numbers of the policy", () => {
    expect(messageOf(messages, { code: "password_too_long" })).toContain("1,024 characters");
    expect(messageOf(messages, { code: "code_malformed" })).toContain("6-digit");
  });

  it("does not show the cause or the request's id", () => {
    const refusal = { code: "link_invalid", cause: "expired", reference: "req-1" } as const;
    expect(messageOf(messages, refusal)).toBe(en["error.link_invalid"]);
  });
});

describe("an error message offers only what there is", () => {
  const all = methods().map(({ id }) => id);
  const inWords = (names: readonly string[]) =>
    messages.list([...names, ...oauthMethods().map(({ oauth }) => oauth.name)], "disjunction");
  const withoutLinks = all.filter((id) => id !== magicLinkMethod.id);
  const text = (refusal: Refusal, enabled: readonly MethodId[]) =>
    messageOf(messages, refusal, enabled);

  it.each<Refusal>([
    { code: "invalid_credentials" },
    { code: "too_many_attempts", field: "password", retryAfter: minutes(12) },
    { code: "provider_email_unverified" },
  ])("a link, where links are enabled: %j", (refusal) => {
    expect(text(refusal, all)).toMatch(/link/);
    expect(text(refusal, withoutLinks)).not.toMatch(/link/);
    // To programs, which do not know either.
    expect(messageOf(messages, refusal)).toBe(text(refusal, withoutLinks));
  });

  it.each([
    [true, undefined, "Use the link in the same email, or request a new email."],
    [true, minutes(12), "Use the link in the same email, or enter a code in 12 minutes."],
    [false, undefined, "Request a new email."],
    [false, minutes(12), "Try again in 12 minutes."],
  ])("after too many codes: email with a link %j, limited %j", (emailHasLink, retryAfter, end) => {
    const refusal = { code: "too_many_attempts", field: "code", emailHasLink, retryAfter } as const;
    const what = retryAfter ? "Too many wrong codes for this address." : "Too many wrong codes.";
    expect(messageOf(messages, refusal)).toBe(`${what} ${end}`);
  });

  it.each([
    ["all", `or sign in with ${inWords(["a password"])}, which needs no email.`],
    ["providers", `or sign in with ${inWords([])}, which needs no email.`],
    [undefined, "Try again in 5 minutes."],
  ] as const)("methods that do the same without an email: %s", (otherMethods, end) => {
    for (const limit of ["emailRequestsPerIp", "emailRequestsPerDevice"] as const) {
      const code = "too_many_requests";
      const said = text({ code, limit, otherMethods, retryAfter: minutes(5) }, all);
      expect(said.endsWith(end), said).toBe(true);
      expect(said.includes("which needs no email")).toBe(otherMethods !== undefined);
    }
  });

  it.each<readonly [MethodId, string]>([
    [magicLinkMethod.id, "an email link"],
    [passwordMethod.id, "a password"],
    ...oauthMethods().map(({ id, oauth }) => [id, oauth.name] as const),
  ])("and names a disabled method: %s", (method, name) => {
    expect(messageOf(messages, { code: "not_found", method })).toBe(
      `Signing in with ${name} is switched off here. Use another way.`,
    );
  });
});
