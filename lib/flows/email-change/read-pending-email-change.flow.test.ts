import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { refused, setUpWorld } from "@/test/support/setup";
import { readPendingEmailChange } from "./read-pending-email-change";
import { requestEmailChange } from "./request-email-change";

const world = await setUpWorld();
const ada = "ada@example.com";
const email = "ada@new.example";

test("the change waits in the session and browser that requested it, until its code has expired", async () => {
  await world.withFrozenTime(async (world) => {
    const browser = new Browser(world);
    await browser.signIn(ada);
    expect(await browser.run(readPendingEmailChange)).toEqual(refused("not_found"));
    await browser.run(requestEmailChange, { email });
    await world.advance(20);
    const waiting = { email, resendIn: 40, codeSpent: false, mailIsDelayed: false };
    expect(await browser.run(readPendingEmailChange)).toEqual({ ok: true, value: waiting });
    const thief = new Browser(world);
    thief.session = browser.session;
    expect(await thief.run(readPendingEmailChange)).toEqual(refused("not_found"));
    const phone = new Browser(world);
    await phone.signIn(ada);
    phone.mailRequest = browser.mailRequest;
    expect(await phone.run(readPendingEmailChange)).toEqual(refused("not_found"));
    await world.advance(601);
    expect(await browser.run(readPendingEmailChange)).toEqual(refused("not_found"));
  });
});
