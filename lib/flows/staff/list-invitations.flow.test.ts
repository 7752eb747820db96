import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { refused, setUpWorld } from "@/test/support/setup";
import { staffBrowser } from "@/test/support/staff";
import { listInvitations } from "./list-invitations";
import { sendInvitation } from "./send-invitation";

const world = await setUpWorld();

test("staff see each open invitation once, the newest first, and others see none", async () => {
  const support = await staffBrowser(world, "support");
  for (const name of ["ada", "leo", "ada"])
    await support.run(sendInvitation, { email: `${name}@example.com` });
  const listed = await support.run(listInvitations);
  expect(listed.ok && listed.value.map(({ email }) => email)).toEqual([
    "ada@example.com",
    "leo@example.com",
  ]);
  const eve = new Browser(world);
  await eve.signIn("eve@example.com");
  for (const browser of [eve, new Browser(world)])
    expect(await browser.run(listInvitations)).toEqual(refused("not_found"));
});
