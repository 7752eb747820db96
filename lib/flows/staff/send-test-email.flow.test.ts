import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { refused, setUpWorld } from "@/test/support/setup";
import { runOnCommandLine, staffBrowser } from "@/test/support/staff";
import { sendTestEmail } from "./send-test-email";

const world = await setUpWorld();

test("a test email goes to who asks for it, once a minute", async () => {
  const support = await staffBrowser(world, "support");
  expect(await support.run(sendTestEmail)).toMatchObject({ ok: true });
  expect((await world.letterTo("support@example.com")).message.subject).toMatch(
    /^Test email from Latchkey \(/,
  );
  expect(await support.run(sendTestEmail)).toEqual(refused("resend_too_soon"));
});

test("others have no such flow, and a command has no address", async () => {
  const ada = new Browser(world);
  await ada.signIn("ada@example.com");
  expect(await ada.run(sendTestEmail)).toEqual(refused("not_found"));
  expect(await runOnCommandLine(world, sendTestEmail, {})).toEqual(refused("not_found"));
});
