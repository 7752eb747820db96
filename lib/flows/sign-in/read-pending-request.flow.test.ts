import { describe, expect, test } from "vitest";
import { redeemPasswordReset } from "@/lib/flows/password/redeem-password-reset";
import { requestPasswordReset } from "@/lib/flows/password/request-password-reset";
import { setPassword } from "@/lib/flows/password/set-password";
import type { Result } from "@/lib/core/result";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { forgetLimits } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv } from "@/test/support/world";
import { cancelMagicLink } from "./cancel-magic-link";
import { readPendingRequest } from "./read-pending-request";

const world = await setUpWorld();
const ada = "ada@example.com";
/** Sends more than three emails an hour to one address. */
const generous = world.with({ env: testEnv({ EMAILS_PER_ADDRESS: "50" }) });

test("a browser without a request has no pending request", async () => {
  expect(await new Browser(world).run(readPendingRequest)).toEqual(refused("not_found"));
});

test("the waiting page knows the address and when another email can be requested", async () => {
  await world.withFrozenTime(async (world) => {
    const browser = new Browser(world);
    await browser.requestLink(ada, { next: "/account" });
    await world.advance(20);
    expect(await browser.run(readPendingRequest)).toMatchObject({
      ok: true,
      value: { email: ada, done: false, next: "/account", resendIn: 40, codeSpent: false },
    });
    await world.advance(40);
    expect(await browser.run(readPendingRequest)).toMatchObject({ value: { resendIn: 0 } });
  });
});

test("it shows the same for an address without an account where sign-up is closed (L8)", async () => {
  const closed = world.with({ env: testEnv({ SIGN_UP: "closed" }) });
  await new Browser(world).signIn(ada);
  const see = async (address: string) => {
    const browser = new Browser(closed);
    await browser.requestLink(address);
    const seen = await browser.run(readPendingRequest);
    return { ...(seen.ok ? seen.value : seen.refusal), email: "…" };
  };
  expect(await see("leo@example.com")).toEqual(await see(ada));
});

test("it is done when the link was used here, and not when it was used elsewhere", async () => {
  const browser = new Browser(world);
  await browser.requestLink(ada);
  const letter = await world.letterTo(ada);
  await new Browser(world).openLink(letter, ada);
  expect(await browser.run(readPendingRequest)).toMatchObject({
    value: { done: false, state: "used" },
  });
  await world.advance(60);
  await browser.signIn(ada);
  expect(await browser.run(readPendingRequest)).toMatchObject({ value: { done: true } });
});

test("a sign-up, whose link has no code, is no sign-in that waits for one", async () => {
  const browser = new Browser(world);
  await browser.signUp("leo@example.com", validPassword);
  expect((await browser.run(readPendingRequest)).ok).toBe(false);
  expect((await browser.run(readPendingRequest, { purpose: "sign_up" })).ok).toBe(true);
});

test("it says when the code had too many attempts", async () => {
  const browser = new Browser(world);
  await browser.requestLink(ada);
  const { code } = await world.letterTo(ada);
  for (let i = 1; i <= 5; i += 1)
    await browser.submitCode(String((Number(code) + i) % 1_000_000).padStart(6, "0"), ada);
  expect(await browser.run(readPendingRequest)).toMatchObject({ value: { codeSpent: true } });
});

test("another browser sees nothing of it, and reading changes nothing", async () => {
  const browser = new Browser(world);
  await browser.requestLink(ada);
  const before = await dump(world);
  await browser.run(readPendingRequest);
  expect(await new Browser(world).run(readPendingRequest)).toEqual(refused("not_found"));
  expect(await dump(world)).toBe(before);
});

describe("what happened to the request elsewhere", () => {
  const stateOf = async (browser: Browser, purpose = "magic_link") => {
    const pending = await browser.run(readPendingRequest, { purpose });
    return pending.ok ? pending.value.state : pending.refusal.code;
  };

  test("the link of an earlier email of this browser was used", async () => {
    const browser = new Browser(world);
    await browser.requestLink(ada);
    const first = await world.letterTo(ada);
    await world.advance(60);
    await browser.requestLink(ada);
    expect(await stateOf(browser)).toBe("waiting");
    await new Browser(world).openLink(first, ada);
    expect(await stateOf(browser)).toBe("used");
  });

  test("it was cancelled", async () => {
    const browser = new Browser(world);
    await browser.requestLink(ada);
    const { token } = await world.letterTo(ada);
    await new Browser(world).run(cancelMagicLink, { token, email: ada });
    expect(await stateOf(browser)).toBe("cancelled");
    await world.advance(60);
    await browser.requestLink(ada);
    expect(await stateOf(browser)).toBe("waiting");
  });

  test("a password was reset", async () => {
    const browser = new Browser(world);
    await browser.signUpAndVerify(ada, otherPassword);
    await world.advance(60);
    await browser.run(requestPasswordReset, { email: ada });
    const { token } = await world.letterTo(ada);
    const input = { token, email: ada, password: validPassword };
    expect((await new Browser(world).run(redeemPasswordReset, input)).ok).toBe(true);
    expect(await stateOf(browser, "password_reset")).toBe("used");
  });

  test("a stranger's request tells nothing of what the owner or others did (L8)", async () => {
    await new Browser(world).signUpAndVerify(ada, otherPassword);
    const stranger = new Browser(world);
    const ended: [string, () => Promise<unknown>][] = [
      ["signed in by another link", () => new Browser(world).signIn(ada)],
      [
        "replaced by newer requests",
        async () => {
          for (let n = 0; n < 3; n += 1) await new Browser(generous).requestLink(ada);
        },
      ],
      [
        "reset the password",
        async () => {
          const owner = new Browser(world);
          await owner.run(requestPasswordReset, { email: ada });
          const { token } = await world.letterTo(ada);
          await owner.run(redeemPasswordReset, { token, password: validPassword });
        },
      ],
    ];
    ended.push([
      "changed the password",
      async () => {
        const owner = new Browser(world);
        await owner.signInWithPassword(ada, validPassword);
        const changed = await owner.run(setPassword, { password: otherPassword });
        expect(changed.ok).toBe(true);
      },
    ]);
    for (const [what, act] of ended) {
      await forgetLimits(world);
      await stranger.requestLink(ada);
      await world.advance(60);
      await act();
      expect([what, await stateOf(stranger)]).toEqual([what, "waiting"]);
    }
    await stranger.signUp("leo@example.com", validPassword);
    await new Browser(world).signIn("leo@example.com");
    expect(await stateOf(stranger, "sign_up")).toBe("waiting");
  });

  describe("what only the owner of an account can do tells a stranger nothing (L8)", () => {
    const closed = world.with({ env: testEnv({ SIGN_UP: "closed" }) });
    const asks = (browser: Browser) => browser.requestLink(ada);
    const resets = (browser: Browser) => browser.run(requestPasswordReset, { email: ada });
    const redeems = (token: string) =>
      new Browser(closed).run(redeemPasswordReset, { token, email: ada, password: validPassword });
    const ends: [string, string, typeof asks, (token: string) => Promise<Result<unknown>>][] = [
      ["used", "magic_link", asks, (token) => new Browser(closed).openLink({ token }, ada)],
      [
        "cancelled",
        "magic_link",
        asks,
        (token) => new Browser(closed).run(cancelMagicLink, { token, email: ada }),
      ],
      ["used", "password_reset", resets, redeems],
    ];

    test.each(ends)("%s: %s, where sign-up is closed", async (state, purpose, request, end) => {
      const owner = new Browser(closed);
      await new Browser(world).signIn(ada);
      await forgetLimits(world);
      await asks(owner);
      await owner.openLink(await world.letterTo(ada));
      await owner.finishResponse();
      for (const [browser, seen] of [
        [owner, state],
        [new Browser(closed), "waiting"],
      ] as const) {
        await forgetLimits(world);
        await world.advance(60);
        await request(browser);
        const { token } = await world.letterTo(ada);
        expect(await end(token)).toMatchObject({ ok: true });
        expect(await stateOf(browser, purpose)).toBe(seen);
      }
    });
  });
});
