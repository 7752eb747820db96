import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { runOnCommandLine, staffBrowser } from "@/test/support/staff";
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
