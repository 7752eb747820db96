import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { row, rows } from "@/db/rows";
import { minutes } from "@/lib/duration";
import type { Identifier } from "@/lib/identifier";
import { digest } from "@/lib/secret";
import { setUpWorld } from "@/lib/testing/setup";
import { consumeCode, consumeLink, issueVerification, voidLink } from "./verifications";

const world = await setUpWorld();
const ada = "ada@example.com" as Identifier;
const asker = digest("asking_browser", "hers");

const issue = async (more: { code?: string; fromMarkedDevice?: boolean } = {}) => {
  const token = world.chance.token();
  const code = more.code ?? "482193";
  const id = await world.plant((tx) =>
    issueVerification(tx, {
      purpose: "magic_link",
      identifier: ada,
      token,
      code,
      codeKey: world.env.tokenKey[0],
      browserDigest: asker,
      browser: "Firefox on Linux",
      fromMarkedDevice: more.fromMarkedDevice ?? false,
      keep: false,
      next: "",
      receipt: "",
      linkLifetime: minutes(60),
      codeLifetime: minutes(10),
      stillborn: false,
    }),
  );
  return { id, token, code };
};

const guess = (code: string) =>
  world.plant((tx) =>
    consumeCode(tx, {
      purpose: "magic_link",
      browserDigest: asker,
      identifier: ada,
      code,
      keys: world.env.tokenKey,
    }),
  );

const pressAs = (token: string) =>
  world.plant((tx) => consumeLink(tx, "magic_link", token, { browserDigest: asker, typed: null }));

test("two hundred guesses at once: five are compared, the others come too late (I10)", async () => {
  await issue();
  const outcomes = await Promise.all(
    Array.from({ length: 200 }, (_, i) => guess(String(100_000 + i))),
  );
  const causes = outcomes.map((outcome) => (outcome.consumed ? "right" : outcome.cause));
  expect(causes.filter((cause) => cause === "wrong")).toHaveLength(5);
  expect(causes.filter((cause) => cause === "spent")).toHaveLength(195);
  expect(await row(world.db, sql`select tries from verifications`)).toEqual({ tries: 5 });
});

test("a hundred presses at once: one of them has the link (I3)", async () => {
  const { token, id } = await issue();
  const spent = await Promise.all(Array.from({ length: 100 }, () => pressAs(token)));
  expect(spent.filter(Boolean)).toMatchObject([{ id, identifier: ada }]);
});

test("the right code twenty times at once: spent once", async () => {
  const { code } = await issue();
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => guess(code)));
  expect(outcomes.filter(({ consumed }) => consumed)).toHaveLength(1);
});

test("with two mails out, either code is right, and a wrong one costs both a try", async () => {
  await issue({ code: "111111" });
  await issue({ code: "222222" });
  await guess("333333");
  expect(await rows(world.db, sql`select tries from verifications`)).toEqual([
    { tries: 1 },
    { tries: 1 },
  ]);
  expect((await guess("111111")).consumed).not.toBeNull();
});

test("the same code in two mails hashes to two texts", async () => {
  await issue({ code: "111111" });
  await issue({ code: "111111" });
  const [first, second] = await rows<{ hash: string }>(
    world.db,
    sql`select code_hash as hash from verifications`,
  );
  expect(first!.hash).not.toBe(second!.hash);
});

test("a voided link cannot be spent, a spent one not voided", async () => {
  const claim = { browserDigest: asker, typed: null };
  const cancelled = await issue();
  expect(await world.plant((tx) => voidLink(tx, "magic_link", cancelled.token, claim))).toBe(true);
  expect(await pressAs(cancelled.token)).toBeNull();
  const pressed = await issue();
  expect(await pressAs(pressed.token)).not.toBeNull();
  expect(await world.plant((tx) => voidLink(tx, "magic_link", pressed.token, claim))).toBe(false);
});
