import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { refused, setUpWorld } from "@/test/support/setup";
import { cancelMagicLink } from "./cancel-magic-link";

const world = await setUpWorld();
const ada = "ada@example.com";
const done = { ok: true, value: {} };

const waiting = async (address = ada) => {
  const browser = new Browser(world);
  await browser.requestLink(address);
  return { browser, letter: await world.letterTo(address) };
};

test("ada cancels an email that she did not request by typing her address; link and code are void", async () => {
  const { browser, letter } = await waiting();
  const hers = new Browser(world);
  expect(await hers.run(cancelMagicLink, { token: letter.token, email: ada })).toEqual(done);
  expect(await browser.openLink(letter)).toEqual(refused("link_invalid", { cause: "voided" }));
  expect(await browser.submitCode(letter.code, ada)).toEqual(refused("code_invalid"));
});

test("the requesting browser cancels without the address", async () => {
  const { browser, letter } = await waiting();
  expect(await browser.run(cancelMagicLink, { token: letter.token })).toEqual(done);
  expect(await browser.openLink(letter)).toEqual(refused("link_invalid"));
});

test("a scanner that submits the button cancels nothing (L5)", async () => {
  const { browser, letter } = await waiting();
  const scanner = new Browser(world);
  for (const email of [undefined, "", "leo@example.com", "a**@example.com"])
    expect(
      await scanner.run(cancelMagicLink, {
        token: letter.token,
        ...(email === undefined ? {} : { email }),
      }),
    ).toEqual(refused("email_mismatch", { field: "email" }));
  expect((await browser.openLink(letter)).ok).toBe(true);
});

test("cancelling one request does not affect the others", async () => {
  const first = await waiting();
  const second = await waiting();
  await first.browser.run(cancelMagicLink, { token: first.letter.token });
  expect((await second.browser.openLink(second.letter)).ok).toBe(true);
});

test("an invalid link cannot be cancelled, with the same message as when it is opened", async () => {
  const { browser, letter } = await waiting();
  await browser.openLink(letter);
  expect(await browser.run(cancelMagicLink, { token: letter.token })).toEqual(
    refused("link_invalid", { cause: "used" }),
  );
  expect(await browser.run(cancelMagicLink, { token: "nonsense" })).toEqual(
    refused("link_invalid", { cause: "unknown" }),
  );
  const expiring = await waiting();
  await world.advance(3600);
  expect(await expiring.browser.run(cancelMagicLink, { token: expiring.letter.token })).toEqual(
    refused("link_invalid", { cause: "expired" }),
  );
});

test("the log names the address, whatever the outcome", async () => {
  const { browser, letter } = await waiting();
  await new Browser(world).run(cancelMagicLink, { token: letter.token });
  await browser.run(cancelMagicLink, { token: letter.token });
  expect((await world.audit()).slice(-2)).toMatchObject([
    { event: "magic_link.cancel", outcome: "email_mismatch", identifier: ada },
    { event: "magic_link.cancel", outcome: "ok", identifier: ada },
  ]);
});

test("cancelling shares the limit of sixty confirmations an hour of an IP (R3)", async () => {
  const browser = new Browser(world);
  for (let i = 0; i < 60; i += 1) await browser.openLink({ token: "guess" });
  expect(await browser.run(cancelMagicLink, { token: "guess" })).toEqual(
    refused("too_many_requests"),
  );
});

test("redeemed and cancelled at the same moment: one of the two happens", async () => {
  for (let round = 0; round < 5; round += 1) {
    const { browser, letter } = await waiting(`ada${round}@example.com`);
    const twin = new Browser(world);
    twin.mailRequest = browser.mailRequest;
    const responses = await Promise.all([
      browser.openLink(letter),
      twin.run(cancelMagicLink, { token: letter.token }),
    ]);
    expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
  }
});
