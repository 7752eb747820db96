import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { row, rows } from "@/db/rows";
import { minutes } from "@/lib/core/duration";
import type { Identifier } from "@/lib/core/identifier";
import { digest } from "@/lib/core/crypto";
import { bounds } from "@/lib/core/policy";
import { setUpWorld } from "@/test/support/setup";
import {
  type CodeAttempt,
  consumeCode,
  consumeLink,
  insertVerification,
  type NewVerification,
  type Purpose,
  voidLink,
  voidVerifications,
} from "./verifications";

const world = await setUpWorld();
const ada = "ada@example.com" as Identifier;
const asker = digest("requesting_browser", "hers");

const issue = async (
  more: Partial<Omit<NewVerification, "code">> & { code?: string | null } = {},
) => {
  const token = world.random.token();
  const code = more.code === undefined ? "482193" : more.code;
  const id = await world.writeDirectly((tx) =>
    insertVerification(tx, {
      purpose: "magic_link",
      identifier: ada,
      token,
      codeKey: world.env.tokenKey[0],
      requestingBrowserDigest: asker,
      browser: "firefox/linux",
      fromKnownDevice: false,
      remember: false,
      next: "",
      limitHits: [],
      passwordHash: null,
      sessionId: null,
      userId: null,
      linkLifetime: minutes(60),
      codeLifetime: minutes(10),
      isDecoy: false,
      ...more,
      code,
    }),
  );
  return { id, token, code: code ?? "" };
};

const guess = (code: string, more: Partial<CodeAttempt> = {}) =>
  world.writeDirectly((tx) =>
    consumeCode(tx, {
      purpose: "magic_link",
      requestingBrowserDigest: asker,
      identifier: ada,
      code,
      keys: world.env.tokenKey,
      ...more,
    }),
  );

const redeemAs = (token: string) =>
  world.writeDirectly((tx) =>
    consumeLink(tx, "magic_link", token, {
      requestingBrowserDigest: asker,
      typedEmail: null,
      sessionDigest: null,
    }),
  );

test("compares five of two hundred guesses at once, and refuses the others (I10)", async () => {
  await issue();
  const outcomes = await Promise.all(
    Array.from({ length: 200 }, (_, i) => guess(String(100_000 + i))),
  );
  const causes = outcomes.map((outcome) => (outcome.consumed ? "right" : outcome.cause));
  expect(causes.filter((cause) => cause === "wrong")).toHaveLength(5);
  expect(causes.filter((cause) => cause === "too_many")).toHaveLength(195);
  expect(await row(world.db, sql`select attempts as tries from verifications`)).toEqual({
    tries: 5,
  });
});

test("redeems a link once when a hundred requests race, and lets its browser repeat it three times (I3)", async () => {
  const { token, id } = await issue();
  const consumed = await Promise.all(Array.from({ length: 100 }, () => redeemAs(token)));
  const found = consumed.filter((one) => one !== null);
  expect(found.filter(({ repeated }) => !repeated)).toMatchObject([{ id, identifier: ada }]);
  expect(found.filter(({ repeated }) => repeated)).toMatchObject(
    Array(bounds.repeats).fill({ id, identifier: ada }),
  );
});

test("consumes the right code once of twenty attempts at once", async () => {
  const { code } = await issue();
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => guess(code)));
  const found = outcomes.flatMap(({ consumed }) => consumed ?? []);
  expect(found.filter(({ repeated }) => !repeated)).toHaveLength(1);
  expect(found.filter(({ repeated }) => repeated)).toHaveLength(bounds.repeats);
});

test("with two emails sent, either code is right, and a wrong one costs both an attempt", async () => {
  await issue({ code: "111111" });
  await issue({ code: "222222" });
  await guess("333333");
  expect(await rows(world.db, sql`select attempts as tries from verifications`)).toEqual([
    { tries: 1 },
    { tries: 1 },
  ]);
  expect((await guess("111111")).consumed).not.toBeNull();
});

test("the same code in two emails has two hashes", async () => {
  await issue({ code: "111111" });
  await issue({ code: "111111" });
  const [first, second] = await rows<{ hash: string }>(
    world.db,
    sql`select code_hash as hash from verifications`,
  );
  expect(first!.hash).not.toBe(second!.hash);
});

test("a voided link cannot be consumed, a consumed one not voided", async () => {
  const access = { requestingBrowserDigest: asker, typedEmail: null };
  const cancelled = await issue();
  expect(
    await world.writeDirectly((tx) => voidLink(tx, "magic_link", cancelled.token, access)),
  ).toBe(true);
  expect(await redeemAs(cancelled.token)).toBeNull();
  const redeemed = await issue();
  expect(await redeemAs(redeemed.token)).not.toBeNull();
  expect(
    await world.writeDirectly((tx) => voidLink(tx, "magic_link", redeemed.token, access)),
  ).toBe(false);
});

const purposes: Purpose[] = ["magic_link", "sign_up", "password_reset", "step_up"];

const live = async () =>
  (
    await rows<{ purpose: string }>(
      world.db,
      sql`select purpose from verifications
          where consumed_at is null and voided_at is null and expires_at > now() order by created_at`,
    )
  ).map(({ purpose }) => purpose);

test.each(purposes)("a %s's token and code work for no other purpose", async (purpose) => {
  const { token, code } = await issue({ purpose });
  const access = { requestingBrowserDigest: asker, typedEmail: ada };
  for (const other of purposes.filter((name) => name !== purpose)) {
    expect(await world.writeDirectly((tx) => consumeLink(tx, other, token, access))).toBeNull();
    expect(await guess(code, { purpose: other })).toEqual({ consumed: null, cause: "none" });
  }
  expect(await world.writeDirectly((tx) => consumeLink(tx, purpose, token, access))).not.toBeNull();
});

test("the same token for two purposes has two digests", async () => {
  expect(new Set(purposes.map((purpose) => digest(purpose, "t"))).size).toBe(purposes.length);
});

test("consuming one voids the others of its purpose, and does not affect other purposes", async () => {
  for (const purpose of purposes) await issue({ purpose });
  const { token } = await issue();
  await redeemAs(token);
  expect(await live()).toEqual(["sign_up", "password_reset", "step_up"]);
});

test("a session's link and code work in that session alone", async () => {
  const sessionId = randomUUID();
  const step = { purpose: "step_up", sessionId } as const;
  const { token, code } = await issue(step);
  const redeemInSession = (more: { sessionId?: string }) =>
    world.writeDirectly((tx) =>
      consumeLink(tx, "step_up", token, {
        requestingBrowserDigest: asker,
        typedEmail: ada,
        ...more,
      }),
    );
  for (const other of [{}, { sessionId: randomUUID() }]) {
    expect(await redeemInSession(other)).toBeNull();
    expect(await guess(code, { purpose: "step_up", ...other })).toMatchObject({ cause: "none" });
  }
  expect(await redeemInSession({ sessionId })).not.toBeNull();
});

test("an email without a code has no right code, and neither has a decoy", async () => {
  await issue({ code: null });
  await issue({ isDecoy: true });
  for (const code of ["482193", "000000", "null"]) expect((await guess(code)).consumed).toBeNull();
});

test("sign-ups replace only those of their own browser (P1)", async () => {
  const mallory = digest("requesting_browser", "his");
  await issue({ purpose: "sign_up", passwordHash: "$argon2id$ada" });
  for (let n = 0; n < 5; n += 1)
    await issue({
      purpose: "sign_up",
      requestingBrowserDigest: mallory,
      passwordHash: "$argon2id$mallory",
    });
  expect(
    await rows(
      world.db,
      sql`select password_hash as hash, count(*)::int as live from verifications
          where voided_at is null group by 1 order by 1`,
    ),
  ).toEqual([
    { hash: "$argon2id$ada", live: 1 },
    { hash: "$argon2id$mallory", live: 3 },
  ]);
});

test("a decoy replaces no other row", async () => {
  for (let n = 0; n < 3; n += 1) await issue();
  for (let n = 0; n < 3; n += 1) await issue({ isDecoy: true });
  expect(await live()).toHaveLength(6);
});

test("a consumed sign-up returns its password, and the choice to stay signed in for its own browser alone", async () => {
  const { code } = await issue({
    purpose: "sign_up",
    passwordHash: "$argon2id$",
    remember: true,
    next: "/account",
  });
  expect(await guess(code, { purpose: "sign_up" })).toMatchObject({
    consumed: { passwordHash: "$argon2id$", remember: true, next: "/account", identifier: ada },
  });
  const { token } = await issue({ remember: true });
  const elsewhere = {
    requestingBrowserDigest: digest("requesting_browser", "phone"),
    typedEmail: ada,
  };
  expect(
    await world.writeDirectly((tx) => consumeLink(tx, "magic_link", token, elsewhere)),
  ).toMatchObject({
    remember: false,
  });
});

test("voiding affects the given purposes, of the given address, and only valid rows", async () => {
  for (const purpose of purposes) await issue({ purpose });
  await issue({ identifier: "leo@example.com" as Identifier });
  await world.writeDirectly((tx) =>
    tx.execute(voidVerifications(sql`${ada}`, ["magic_link", "password_reset"])),
  );
  expect(await live()).toEqual(["sign_up", "step_up", "magic_link"]);
});
