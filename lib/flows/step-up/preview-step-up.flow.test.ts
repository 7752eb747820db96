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

test("the requesting session and browser see what the link is for, and nothing is consumed", async () => {
  const { browser, letter } = await waiting();
  const before = await dump(world);
  const { token } = letter;
  expect(await browser.run(previewStepUp, { token })).toEqual({ ok: true, value: { next } });
  expect(await dump(world)).toBe(before);
  // What the page announced is what submitting it does.
  expect(await browser.run(stepUpByLink, { token })).toEqual({ ok: true, value: { next } });
  expect(await browser.run(previewStepUp, { token })).toEqual(refused("link_invalid"));
});

test("nothing is shown to another session of hers, another browser with her session, or a signed-out user", async () => {
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

test("after ten minutes nothing is shown any more", async () => {
  const { browser, letter } = await waiting();
  await world.advance(601);
  expect(await browser.run(previewStepUp, { token: letter.token })).toEqual(
    refused("link_invalid"),
  );
});
