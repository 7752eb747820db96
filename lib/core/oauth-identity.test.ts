import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Situation, situations } from "@/test/support/oauth-decision-table";
import { googleMethod } from "@/lib/methods/google";
import { linkedinMethod } from "@/lib/methods/linkedin";
import { type OAuthSituation, decide, readIdentity } from "./oauth-identity";

const googleFacts = { id: googleMethod.id, ...googleMethod.oauth };
const linkedinFacts = { id: linkedinMethod.id, ...linkedinMethod.oauth };

describe("the decision about an identity from a provider", () => {
  const cells = [false, true].flatMap((linking) =>
    [false, true].flatMap((signedIn) =>
      (["none", "own", "other"] as const).flatMap((identity) =>
        [false, true].flatMap((needsConfirmation) =>
          (["none", "own", "other"] as const).flatMap((account) =>
            (["authoritative", "verified", "unverified", "missing"] as const).map(
              (emailAssurance): OAuthSituation => ({
                linking,
                signedIn,
                identity,
                needsConfirmation,
                account,
                emailAssurance,
              }),
            ),
          ),
        ),
      ),
    ),
  );

  /** Why a cell is impossible. */
  const impossible: Record<string, (at: OAuthSituation) => boolean> = {
    "a signed-out person owns nothing": (at) =>
      !at.signedIn && (at.account === "own" || at.identity === "own"),
    "only a signed-in user can link": (at) => at.linking && !at.signedIn,
    "an unknown identity needs no confirmation": (at) =>
      at.needsConfirmation && at.identity === "none",
    "the address does not matter when the identity opens an account": (at) =>
      at.identity !== "none" && at.account !== "none",
    "the address does not matter when it is unverified": (at) =>
      at.account !== "none" &&
      (at.emailAssurance === "unverified" || at.emailAssurance === "missing"),
  };

  const expected = (at: OAuthSituation) =>
    situations.filter((situation) =>
      Object.entries(at).every(([name, value]) => situation[name as keyof Situation] === value),
    );

  test("every cell is in the table once, or is impossible", () => {
    expect(cells).toHaveLength(288);
    for (const at of cells) {
      const reasons = Object.values(impossible).filter((isSo) => isSo(at));
      expect(expected(at), JSON.stringify(at)).toHaveLength(reasons.length > 0 ? 0 : 1);
    }
    expect(situations).toHaveLength(62);
  });

  test.each(situations)("$name", ({ name: _, becomes, ...at }) => {
    expect(decide(at)).toBe(becomes);
  });

  test("only an identity that opens an account signs in, and never while linking", () => {
    for (const at of cells) {
      const decision = decide(at);
      const isLetIn = decision === "sign_in" || decision === "sign_up";
      if (isLetIn) expect(at.linking).toBe(false);
      if (decision === "sign_in") expect(at.needsConfirmation).toBe(false);
      if (isLetIn) expect(at.identity === "none").toBe(decision === "sign_up");
      if (decision === "sign_up") expect(at).toMatchObject({ account: "none", signedIn: false });
      if (decision === "sign_up")
        expect(["authoritative", "verified"]).toContain(at.emailAssurance);
    }
  });
});

describe("a provider's claims", () => {
  const ada = { sub: "g-1", email: "ada@example.com", email_verified: true };
  const google = (claims: Record<string, unknown>) =>
    readIdentity(googleFacts, { ...ada, ...claims });
  const linkedin = (claims: Record<string, unknown>) =>
    readIdentity(linkedinFacts, { ...ada, ...claims });

  test("give a verified address and the subject as the identity", () => {
    expect(google({})).toEqual({
      provider: "google",
      subject: "g-1",
      email: "ada@example.com",
      emailAssurance: "verified",
    });
  });

  test.each([
    ["false", false],
    ["true as a text", "true"],
    ["True as a text", "True"],
    ["one", 1],
    ["one as a text", "1"],
    ["an object", {}],
    ["a list", []],
    ["a list of true", [true]],
    ["a boxed true", new Boolean(true)],
    ["nothing", undefined],
    ["null", null],
  ])("only true is verified (O2): %s is not", (_, verified) => {
    for (const read of [google, linkedin])
      for (const more of [{}, { hd: "example.com" }, { email: "ada@gmail.com" }])
        expect(read({ ...more, email_verified: verified })).toMatchObject({
          email: null,
          emailAssurance: "unverified",
        });
  });

  test.each([
    ["no claim", undefined],
    ["null", null],
    ["an empty text", ""],
    ["blanks", "   "],
    ["a number", 42],
    ["a list of one", ["ada@example.com"]],
    ["an object", { toString: () => "ada@example.com" }],
    ["no domain", "ada@"],
    ["no name", "@example.com"],
    ["two addresses", "ada@example.com,mallory@example.com"],
    ["two at-signs", "ada@example.com@evil.example"],
    ["a name around it", "Ada <ada@example.com>"],
    ["a NUL", "ada@example.com\0"],
    ["a line break", "ada@example.com\nmallory@example.com"],
    ["a zero-width space", "a\u200bda@example.com"],
    ["full-width letters", "ada@ｅxample.com"],
    ["255 characters", `ada@${"a.".repeat(124)}com`],
  ])("a malformed address counts as missing: %s", (_, email) => {
    expect(google({ email, hd: "example.com" })).toMatchObject({
      email: null,
      emailAssurance: "missing",
    });
  });

  test.each([
    ["ADA@Example.COM", "ada@example.com"],
    ["  ada@example.com ", "ada@example.com"],
    ["ada@BÜCHER.example", "ada@xn--bcher-kva.example"],
    ["Ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"],
    ["ada+news@example.com", "ada+news@example.com"],
  ])("another spelling of an address is that address: %s", (email, canonical) => {
    expect(linkedin({ email })).toMatchObject({ email: canonical, emailAssurance: "verified" });
  });

  test.each([
    ["gmail.com", { email: "ada@gmail.com" }, "authoritative"],
    ["gmail.com, spelt otherwise", { email: "Ada@GMAIL.com" }, "authoritative"],
    [
      "gmail.com, whatever the workspace",
      { email: "ada@gmail.com", hd: "other.example" },
      "authoritative",
    ],
    ["a domain of its workspaces", { hd: "example.com" }, "authoritative"],
    [
      "spelt otherwise, of that domain",
      { email: "Ada@EXAMPLE.com", hd: "example.com" },
      "authoritative",
    ],
    [
      "googlemail.com, for which Google does not document it",
      { email: "ada@googlemail.com" },
      "verified",
    ],
    ["no workspace", {}, "verified"],
    ["the workspace of another domain", { hd: "other.example" }, "verified"],
    ["a domain above", { email: "ada@mail.example.com", hd: "example.com" }, "verified"],
    ["a domain below", { hd: "mail.example.com" }, "verified"],
    ["a domain that ends alike", { email: "ada@notexample.com", hd: "example.com" }, "verified"],
    ["a workspace in capitals, which is not how Google writes", { hd: "Example.com" }, "verified"],
    ["an address for a workspace", { hd: "ada@example.com" }, "verified"],
    ["a list of workspaces", { hd: ["example.com"] }, "verified"],
    ["true for a workspace", { hd: true }, "verified"],
    ["gmail.com as a name", { email: "gmail.com@example.com" }, "verified"],
    ["a look-alike of gmail.com", { email: "ada@gmail.com.evil.example" }, "verified"],
    ["a domain that ends in gmail.com", { email: "ada@notgmail.com" }, "verified"],
  ])("Google is authoritative for the mailboxes it hosts (O3): %s", (_, more, emailAssurance) => {
    expect(google(more)).toMatchObject({ emailAssurance });
  });

  test("LinkedIn is authoritative for no mailbox, whatever it says", () => {
    for (const more of [{ email: "ada@gmail.com" }, { hd: "example.com" }, { hd: "gmail.com" }])
      expect(linkedin(more)).toMatchObject({ emailAssurance: "verified" });
  });

  test.each([
    ["no subject", undefined],
    ["null", null],
    ["an empty one", ""],
    ["a number", 1234567890],
    ["a big number", 12345678901234567890n],
    ["true", true],
    ["an object", { toString: () => "g-1" }],
    ["a list", ["g-1"]],
    ["256 characters", "1".repeat(256)],
    ["a NUL", "g-1\0"],
    ["a line break behind", "g-1\n"],
    ["a line break within", "g\n1"],
    ["a blank", "g 1"],
    ["a blank behind", "g-1 "],
    ["an escape", "g-1\u001b[31m"],
    ["DEL", "g-1\u007f"],
    ["a letter beyond ASCII", "g-é"],
    ["a full-width digit", "g-１"],
    ["half a character", "g-\ud800"],
  ])("without a plain subject there is no identity (O1): %s", (_, sub) => {
    expect(google({ sub })).toBeNull();
    expect(linkedin({ sub })).toBeNull();
  });

  test.each(["1", "1".repeat(255), "AbC-_~!", "'; drop table users; --".replaceAll(" ", "")])(
    "a subject is stored as it is, capitals and all: %s",
    (sub) => expect(google({ sub })).toMatchObject({ subject: sub }),
  );

  test("any claims give a result, and never an identity without a plain subject", () => {
    const near = fc.constantFrom(
      "ada@example.com",
      "ada@gmail.com",
      "g-1",
      true,
      "true",
      "gmail.com",
    );
    const anything = fc.oneof(near, fc.anything({ withBigInt: true, withDate: true }));
    const given = fc.record(
      { sub: anything, email: anything, email_verified: anything, hd: anything },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.constantFrom(googleFacts, linkedinFacts),
        given,
        (provider, identityClaims) => {
          const read = readIdentity(provider, identityClaims);
          if (read === null) return;
          expect(read.subject).toBe(identityClaims.sub);
          expect(read.subject).toMatch(/^[!-~]{1,255}$/);
          const hasVerifiedEmail =
            read.emailAssurance === "authoritative" || read.emailAssurance === "verified";
          expect(read.email !== null).toBe(hasVerifiedEmail);
          if (hasVerifiedEmail) expect(identityClaims.email_verified).toBe(true);
          if (read.emailAssurance === "authoritative") expect(provider.id).toBe("google");
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
