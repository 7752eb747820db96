import { describe, expect, it } from "vitest";
import { hours, minutes, seconds } from "./duration";
import { isRefusalCode, type RefusalCode, refusals } from "./errors";
import { ok, refuse, sentenceOf } from "./result";

const codes = Object.keys(refusals) as RefusalCode[];

describe("the message of a refusal", () => {
  it.each(codes)("is whole sentences without open placeholders: %s", (code) => {
    for (const retryAfter of [undefined, seconds(1), minutes(12), hours(25)]) {
      const sentence = sentenceOf({ code, retryAfter });
      expect(sentence).toMatch(/^[A-Z].+\.$/);
      expect(sentence).not.toMatch(/[{}<>]|undefined|null|NaN|\s\s/);
    }
  });

  it.each(codes)("never says whether an account exists: %s", (code) => {
    expect(refusals[code].sentence).not.toMatch(
      /already|exist|registered|in use|taken|no account|no such|unknown (user|address|account)|not found|have an account|user/i,
    );
  });

  it.each(codes)("neither blames nor begs: %s", (code) => {
    expect(refusals[code].sentence).not.toMatch(/please|sorry|oops|invalid|illegal|error|!/i);
  });

  it("states the wait, never too short", () => {
    const code = "too_many_requests";
    expect(sentenceOf({ code, retryAfter: seconds(61) })).toBe(
      "Too many requests. Try again in 2 minutes.",
    );
    expect(sentenceOf({ code: "resend_too_soon", retryAfter: seconds(42) })).toBe(
      "A mail was asked for just now. You can ask again in 42 seconds.",
    );
  });

  it.each(codes.filter((code) => refusals[code].sentence.includes("{wait}")))(
    "has a status that makes programs wait where it states a time: %s",
    (code) => expect([429, 503]).toContain(refusals[code].status),
  );

  it("states no lifetime that the operator may have changed", () => {
    // The link's lifetime is LINK_LIFETIME_MINUTES; a fixed number in a sentence would be wrong
    // elsewhere.
    expect(refusals.link_invalid.sentence).not.toMatch(/hour|minute/);
  });

  it("leaves the cause and the request's id to the log", () => {
    const refusal = { code: "link_invalid", cause: "expired", reference: "req-1" } as const;
    expect(sentenceOf(refusal)).toBe(refusals.link_invalid.sentence);
  });
});

describe("an error code from a cookie or a program", () => {
  it.each(codes)("is known: %s", (code) => expect(isRefusalCode(code)).toBe(true));

  it.each([
    "",
    "toString",
    "constructor",
    "__proto__",
    "hasOwnProperty",
    "LINK_DEAD",
    "link_invalid ",
  ])("is unknown: %j", (code) => expect(isRefusalCode(code)).toBe(false));
});

describe("a result", () => {
  it("is a value or a refusal's code", () => {
    expect(ok(7)).toEqual({ ok: true, value: 7 });
    expect(refuse("link_invalid", { cause: "used" })).toEqual({
      ok: false,
      refusal: { code: "link_invalid", cause: "used" },
    });
  });
});
