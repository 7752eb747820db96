import { describe, expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { forgetLimits, lettersOf, liveSecrets } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { requestStepUp } from "./request-step-up";

const world = await setUpWorld();

const ada = "ada@example.com";

const signedIn = async (email = ada, ip?: string) => {
  const browser = new Browser(world, { name: "safari/iphone", ...(ip ? { ip } : {}) });
  await browser.signIn(email);
  return browser;
};

test("sends an email with a link and a code to the session's own address", async () => {
  const browser = await signedIn();
  expect(await browser.run(requestStepUp)).toEqual({ ok: true, value: { email: ada } });
  expect(browser.cookieChanges).toEqual({ mailRequest: true });
  const { code, token, message } = await world.letterTo(ada);
  expect(code).toMatch(/^\d{6}$/);
  expect(message.text).toContain(`/l/confirm/${token}`);
  expect(message.text).toContain("Safari on iPhone");
  expect(message.text).toContain("10 minutes");
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "step_up.request",
    outcome: "ok",
    subject: await world.userIdOf(ada),
    caller: await world.userIdOf(ada),
  });
});

test("a signed-out user is asked to sign in, and can name no address", async () => {
  expect(await new Browser(world).run(requestStepUp)).toEqual(refused("sign_in_required"));
  const browser = await signedIn();
  expect(await browser.run(requestStepUp, { email: "leo@example.com" })).toEqual(
    refused("invalid_input"),
  );
  expect(await lettersOf(world, "leo@example.com")).toEqual([]);
});

describe("limits", () => {
  test("a minute between two in one session; another session of hers has its own", async () => {
    const browser = await signedIn();
    await browser.run(requestStepUp);
    expect(await browser.run(requestStepUp)).toEqual(refused("resend_too_soon"));
    await world.deliver();
    expect((await (await signedIn()).run(requestStepUp)).ok).toBe(true);
    await world.advance(60);
    expect((await browser.run(requestStepUp)).ok).toBe(true);
  });

  test("strangers who used up the address's emails do not block ada's step-up", async () => {
    const browser = await signedIn();
    for (let n = 0; n < 6; n += 1) await new Browser(world).requestLink(ada);
    await world.deliver();
    await browser.run(requestStepUp);
    expect(await world.deliver()).toHaveLength(1);
  });

  test("the sixth from one IP is refused (R2)", async () => {
    const browser = await signedIn();
    for (let n = 0; n < 5; n += 1)
      await new Browser(world, { ip: browser.ip }).requestLink(`person${n}@example.com`);
    expect(await browser.run(requestStepUp)).toEqual(refused("too_many_requests"));
  });
});

test("three valid links at most (L4)", async () => {
  const browser = await signedIn();
  for (let n = 0; n < 5; n += 1) {
    await browser.run(requestStepUp);
    await world.advance(60);
  }
  expect(await liveSecrets(world, ada)).toEqual(Array(3).fill("step_up"));
});

test("whatever statement the database fails at, no part of it is stored", async () => {
  const browser = await signedIn();
  const before = await dump(world, "limits");
  for (let after = 0; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await browser.run(requestStepUp);
    world.restoreDatabase();
    if (result.ok) break;
    expect(result).toEqual(refused("unavailable"));
    expect(await dump(world, "limits")).toBe(before);
    await forgetLimits(world);
  }
  expect(await world.deliver()).toHaveLength(1);
});
