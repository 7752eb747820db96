import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { runOnCommandLine, staffBrowser } from "@/test/support/staff";
import { requestEmailChange } from "@/lib/flows/email-change/request-email-change";
import { verifyEmailChange } from "@/lib/flows/email-change/verify-email-change";
import { issueAccessLink } from "./issue-access-link";
import { listAccessLinks } from "./list-access-links";

const world = await setUpWorld();
const ada = "ada@example.com";

test("staff see the open links of a user and the state of their email, and no secret", async () => {
  const home = new Browser(world);
  await home.signUpAndVerify(ada, validPassword);
  const id = await world.userIdOf(ada);
  const support = await staffBrowser(world, "support");
  expect(await support.run(listAccessLinks, { id })).toEqual({ ok: true, value: [] });
  await runOnCommandLine(world, issueAccessLink, { id, reason: "Lost her phone" });
  expect(await support.run(listAccessLinks, { id })).toMatchObject({
    value: [{ sentBy: null, delivery: "queued" }],
  });
  const { token } = await world.letterTo(ada);
  const listed = await support.run(listAccessLinks, { id });
  expect(listed).toMatchObject({ value: [{ delivery: "sent" }] });
  expect(JSON.stringify(listed)).not.toContain(token);
  for (const other of [home, new Browser(world)])
    expect(await other.run(listAccessLinks, { id })).toEqual(refused("not_found"));
});

test("a link to an address that the user has changed is not open any more", async () => {
  const home = new Browser(world);
  await home.signUpAndVerify(ada, validPassword);
  const id = await world.userIdOf(ada);
  const email = "ada@second.example";
  await home.run(requestEmailChange, { email });
  const { code } = await world.letterTo(email);
  await runOnCommandLine(world, issueAccessLink, { id, reason: "Lost her phone" });
  await world.deliver();
  expect(await home.run(verifyEmailChange, { email, code })).toMatchObject({ ok: true });
  const support = await staffBrowser(world, "support");
  expect(await support.run(listAccessLinks, { id })).toEqual({ ok: true, value: [] });
});
