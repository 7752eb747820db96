import { describe, expect, test } from "vitest";
import { redeemMagicLink } from "@/lib/flows/sign-in/redeem-magic-link";
import { Browser } from "@/test/support/browser";
import { withChangeBeforeWrite } from "@/test/support/interleave";
import {
  claims,
  identitiesOf,
  keys,
  writeIdentityDirectly,
  told,
} from "@/test/support/oauth-fixtures";
import { dump } from "@/test/support/invariants";
import { count } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import type { TestWorld } from "@/test/support/world";
import { confirmProvider } from "./confirm-provider";

const world = await setUpWorld(keys);
const ada = "ada@example.com";

const remember = (browser: Browser, provider: unknown = "google") =>
  browser.run(confirmProvider, { provider });

/** Ada, who came by Google, and proved her mailbox on another machine; there she is asked. */
const asked = async (where: TestWorld = world) => {
  await new Browser(where).signInWithProvider("google", claims("g-1", ada));
  const browser = new Browser(where);
  await browser.requestLink(ada);
  const pressed = await browser.openLink(await where.letterTo(ada));
  expect(pressed).toEqual({ ok: true, value: { next: "", needsConfirmation: true } });
  return browser;
};

test("ada says Keep: Google opens her account again, and nothing else is another (O3)", async () => {
  const browser = await asked();
  expect(await identitiesOf(world, ada)).toEqual(["google g-1 ?", "magic_link"]);
  const phone = new Browser(world);
  expect(told(await phone.signInWithProvider("google", claims("g-1", ada)))).toBe("ask_to_sign_in");
  expect(await remember(browser)).toEqual({ ok: true, value: { provider: "google" } });
  expect(await identitiesOf(world, ada)).toEqual(["google g-1", "magic_link"]);
  expect(told(await phone.signInWithProvider("google", claims("g-1", ada)))).toBe("sign_in");
  expect(await count(world, "outbox")).toBe(1);
  expect(
    (await world.audit()).find(({ event }) => event === "auth_provider.confirm"),
  ).toMatchObject({
    outcome: "ok",
    cause: "google",
    subject: await world.userIdOf(ada),
  });
});

test("what is not in question cannot be kept: connected, kept before, another's, none", async () => {
  const browser = await asked();
  expect(await remember(browser, "linkedin")).toEqual(refused("not_found"));
  await remember(browser);
  expect(await remember(browser)).toEqual(refused("not_found"));
  await new Browser(world).signInWithProvider("linkedin", claims("l-leo", "leo@example.com"));
  await writeIdentityDirectly(world, "leo@example.com", "google", "g-leo", {
    needsConfirmation: true,
  });
  const before = await identitiesOf(world, "leo@example.com");
  expect(await remember(browser)).toEqual(refused("not_found"));
  expect(await identitiesOf(world, "leo@example.com")).toEqual(before);
});

test.each(["email", "magic_link", "", null, ["google"]])(
  "%j is nothing to keep",
  async (provider) => expect(await remember(await asked(), provider)).toEqual(refused("not_found")),
);

describe("only for whoever proved just now that it is them", () => {
  test.each([
    ["599 s", 599, { ok: true, value: { provider: "google" } }],
    ["601 s", 601, refused("step_up_required")],
  ])("%s after signing in", async (_, passed, outcome) => {
    await world.withFrozenTime(async (world) => {
      const browser = await asked(world);
      await world.advance(passed);
      expect(await remember(browser)).toEqual(outcome);
      expect(await identitiesOf(world, ada)).toContain(
        passed < 600 ? "google g-1" : "google g-1 ?",
      );
    });
  });

  test("whoever is not signed in is asked to", async () => {
    expect(await remember(new Browser(world))).toEqual(refused("sign_in_required"));
  });
});

test("a planted session keeps nothing, be its press ever so quick (A5)", async () => {
  const mallory = new Browser(world);
  await mallory.signInWithProvider("google", claims("g-1", ada));
  const owner = new Browser(world);
  await owner.requestLink(ada);
  const { token } = await world.letterTo(ada);
  // His session was read; then she proves the mailbox; then his press goes on.
  const late = withChangeBeforeWrite(world, () => owner.run(redeemMagicLink, { token }));
  expect(await mallory.run(confirmProvider, { provider: "google" }, { world: late })).toEqual(
    refused("sign_in_required"),
  );
  expect(await identitiesOf(world, ada)).toEqual(["google g-1 ?", "magic_link"]);
});

test("whatever statement the database fails at: kept, or nothing happened", async () => {
  const browser = await asked();
  const before = await dump(world);
  let after = 0;
  for (; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await remember(browser);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(await dump(world)).toBe(before);
  }
  expect(after).toBeGreaterThan(3);
});
