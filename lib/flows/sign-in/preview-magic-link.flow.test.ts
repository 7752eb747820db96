import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv, type TestWorld } from "@/test/support/world";
import { previewMagicLink } from "./preview-magic-link";

const world = await setUpWorld();
const ada = "ada@example.com";
const leo = "leo@example.com";

const generous = world.with({ env: testEnv({ EMAILS_PER_ADDRESS: "100" }) });

const waiting = async (where: TestWorld = generous) => {
  const browser = new Browser(where, { name: "safari/mac" });
  await browser.requestLink(ada, { next: "/account" });
  return { browser, letter: await where.letterTo(ada) };
};

test("loading a link's page consumes nothing, however often and in whatever browser (L2)", async () => {
  const { browser, letter } = await waiting();
  const before = await dump(world);
  for (const reader of [browser, new Browser(world)])
    for (let i = 0; i < 3; i += 1) {
      const seen = await reader.run(previewMagicLink, { token: letter.token });
      expect(seen.ok).toBe(true);
      expect(reader.cookieChanges).toEqual({});
    }
  expect(await dump(world)).toBe(before);
  expect((await browser.openLink(letter)).ok).toBe(true);
});

test("the page shows the requesting browser, and a masked address", async () => {
  const { browser, letter } = await waiting();
  const here = await browser.run(previewMagicLink, { token: letter.token });
  const elsewhere = await new Browser(world).run(previewMagicLink, { token: letter.token });
  expect(here).toMatchObject({
    ok: true,
    value: {
      alreadySignedIn: false,
      sameBrowser: true,
      browser: "safari/mac",
      next: "/account",
      signedInAs: null,
    },
  });
  expect(elsewhere).toMatchObject({ value: { sameBrowser: false, address: "a**@example.com" } });
  expect(JSON.stringify([here, elsewhere])).not.toContain(ada);
});

test("expired, used, voided and unknown links get the same refusal (L3)", async () => {
  const used = await waiting();
  await used.browser.openLink(used.letter);
  const voided = await waiting();
  const last = await waiting();
  await last.browser.openLink(last.letter);
  const expired = await waiting();
  const stranger = new Browser(world);
  const look = (token: string) => stranger.run(previewMagicLink, { token });
  expect(await look(used.letter.token)).toEqual(refused("link_invalid", { cause: "used" }));
  expect(await look(voided.letter.token)).toEqual(refused("link_invalid", { cause: "voided" }));
  expect(await look("x".repeat(43))).toEqual(refused("link_invalid", { cause: "unknown" }));
  expect(await look("")).toEqual(refused("link_invalid", { cause: "unknown" }));
  await world.advance(3600);
  expect(await look(expired.letter.token)).toEqual(refused("link_invalid", { cause: "expired" }));
});

test("a dead link tells what the request for a new one should keep, in its own browser alone", async () => {
  const browser = new Browser(world);
  await browser.requestLink(ada, { next: "/account/sessions", remember: "on" });
  const { token } = await world.letterTo(ada);
  await world.advance(3600);
  expect(await browser.run(previewMagicLink, { token })).toEqual(
    refused("link_invalid", { next: "/account/sessions", remember: true }),
  );
  expect(await new Browser(world).run(previewMagicLink, { token })).toEqual(
    refused("link_invalid", { next: "/account/sessions", remember: false }),
  );
});

test("at 59:59 the page still shows the button, at 60:00 no more (L1)", async () => {
  await world.withFrozenTime(async (world) => {
    const { browser, letter } = await waiting(world);
    await world.advance(3599);
    expect((await browser.run(previewMagicLink, { token: letter.token })).ok).toBe(true);
    await world.advance(1);
    expect(await browser.run(previewMagicLink, { token: letter.token })).toEqual(
      refused("link_invalid", { cause: "expired" }),
    );
  });
});

test("a user who is signed in with the link's account is let through, even by a used or expired link (L3)", async () => {
  const { browser, letter } = await waiting();
  await browser.openLink(letter);
  const look = () => browser.run(previewMagicLink, { token: letter.token });
  expect(await look()).toMatchObject({
    ok: true,
    value: { alreadySignedIn: true, next: "/account" },
  });
  await world.advance(3700);
  expect(await look()).toMatchObject({ ok: true, value: { alreadySignedIn: true } });
});

test("a user who is signed in with another account sees which, and is not let through by an invalid link", async () => {
  const { browser, letter } = await waiting();
  const leos = new Browser(world);
  await leos.signIn(leo);
  expect(await leos.run(previewMagicLink, { token: letter.token })).toMatchObject({
    value: { alreadySignedIn: false, signedInAs: leo, sameBrowser: false },
  });
  await browser.openLink(letter);
  expect(await leos.run(previewMagicLink, { token: letter.token })).toEqual(
    refused("link_invalid"),
  );
});

test("a disabled user's link looks like any other until it is submitted (S5)", async () => {
  const { browser, letter } = await waiting();
  await new Browser(world).signIn(leo);
  await world.writeDirectly((tx) => tx.execute(sql`update users set disabled_at = now()`));
  expect((await browser.run(previewMagicLink, { token: letter.token })).ok).toBe(true);
});
