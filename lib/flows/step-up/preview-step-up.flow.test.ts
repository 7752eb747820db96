import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { refused, setUpWorld } from "@/test/support/setup";
import { previewStepUp } from "./preview-step-up";
import { requestStepUp } from "./request-step-up";
import { stepUpByLink } from "./step-up-by-link";

const world = await setUpWorld();

const ada = "ada@example.com";
const next = "/account/confirm?next=%2Faccount%2Fmethods&for=an-id";

const waiting = async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  await browser.run(requestStepUp, { next });
  return { browser, letter: await world.letterTo(ada) };
};

test("the session and browser that asked see what the link is for, and nothing is spent", async () => {
  const { browser, letter } = await waiting();
  const before = await dump(world);
  const { token } = letter;
  expect(await browser.run(previewStepUp, { token })).toEqual({ ok: true, value: { next } });
  expect(await dump(world)).toBe(before);
  // What it said is what the press comes to.
  expect(await browser.run(stepUpByLink, { token })).toEqual({ ok: true, value: { next } });
  expect(await browser.run(previewStepUp, { token })).toEqual(refused("link_invalid"));
});

test("nobody else sees it: another session of hers, another browser with her session, nobody", async () => {
  const { browser, letter } = await waiting();
  const { token } = letter;
  const later = new Browser(world);
  later.mailRequest = browser.mailRequest;
  await later.signIn(ada);
  expect(await later.run(previewStepUp, { token })).toEqual(refused("link_invalid"));
  const thief = new Browser(world);
  thief.session = browser.session;
  expect(await thief.run(previewStepUp, { token })).toEqual(refused("link_invalid"));
  expect(await new Browser(world).run(previewStepUp, { token })).toEqual(
    refused("sign_in_required"),
  );
  expect(await browser.run(previewStepUp, { token: `${token}A` })).toEqual(refused("link_invalid"));
});

test("after ten minutes it says nothing any more", async () => {
  const { browser, letter } = await waiting();
  await world.advance(601);
  expect(await browser.run(previewStepUp, { token: letter.token })).toEqual(
    refused("link_invalid"),
  );
});
