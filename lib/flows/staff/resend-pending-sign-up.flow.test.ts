import { expect, test } from "vitest";
import { minutes } from "@/lib/core/duration";
import { Browser } from "@/test/support/browser";
import { validPassword } from "@/test/support/passwords";
import { forgetLimits, liveSecrets } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { staffBrowser } from "@/test/support/staff";
import { listPendingSignUps } from "./list-pending-sign-ups";
import { resendPendingSignUp } from "./resend-pending-sign-up";

const world = await setUpWorld();
const ada = "ada@example.com";

async function pendingId(browser: Browser) {
  const listed = await browser.run(listPendingSignUps);
  return listed.ok ? listed.value.signUps[0]?.id : undefined;
}

test("staff send a new code, which works in the browser that signed up and with its password alone", async () => {
  const support = await staffBrowser(world, "support");
  const browser = new Browser(world);
  await browser.signUp(ada, validPassword);
  const first = await world.letterTo(ada);
  const id = await pendingId(support);
  expect(await support.run(resendPendingSignUp, { id })).toEqual({
    ok: true,
    value: { email: ada },
  });
  const second = await world.letterTo(ada);
  expect(second.code).not.toBe(first.code);
  expect(second.message.text).not.toMatch(/\/l\//);
  expect(await new Browser(world).verify(second.code, ada)).toMatchObject({ ok: false });
  expect(await support.verify(second.code, ada)).toMatchObject({ ok: false });
  await forgetLimits(world);
  expect(await browser.verify(second.code, ada)).toMatchObject({ ok: true });
  expect(await new Browser(world).signInWithPassword(ada, validPassword)).toMatchObject({
    ok: true,
  });
  expect(
    (await world.audit()).find(({ event }) => event === "pending_sign_up.resend"),
  ).toMatchObject({
    outcome: "ok",
    identifier: ada,
    caller: await world.userIdOf("support@example.com"),
  });
});

test("nothing is sent for a sign-up that is over, of an address that has an account, or twice at once", async () => {
  const support = await staffBrowser(world, "support");
  const browser = new Browser(world);
  await browser.signUp(ada, validPassword);
  const id = await pendingId(support);
  const results = await Promise.all([1, 2].map(() => support.run(resendPendingSignUp, { id })));
  expect(results.filter(({ ok }) => ok)).toHaveLength(1);
  expect(results.filter(({ ok }) => !ok)).toEqual([refused("resend_too_soon")]);
  await forgetLimits(world);
  await new Browser(world).signIn(ada);
  expect(await support.run(resendPendingSignUp, { id })).toEqual(refused("not_found"));
  expect(await liveSecrets(world, ada)).toEqual([]);
  for (const forged of ["1", ada])
    expect(await support.run(resendPendingSignUp, { id: forged })).toEqual(
      refused("invalid_input"),
    );
  await world.advance(minutes(30));
  expect(await support.run(resendPendingSignUp, { id })).toEqual(refused("step_up_required"));
});

test("where sign-up is closed nothing is sent, and others have no such flow", async () => {
  const support = await staffBrowser(world, "support");
  const browser = new Browser(world);
  await browser.signUp(ada, validPassword);
  const id = await pendingId(support);
  const closed = world.with({ env: { ...world.env, signUp: "closed" } });
  expect(await support.run(resendPendingSignUp, { id }, { world: closed })).toEqual(
    refused("sign_up_closed"),
  );
  expect(await browser.run(resendPendingSignUp, { id })).toEqual(refused("not_found"));
});
