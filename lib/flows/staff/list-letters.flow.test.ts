import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { refused, setUpWorld } from "@/test/support/setup";
import { staffBrowser } from "@/test/support/staff";
import { listLetters } from "./list-letters";

const world = await setUpWorld();

test("staff see the emails that wait, and those that were not sent with the reason, without contents", async () => {
  const support = await staffBrowser(world, "support");
  for (let n = 0; n < 4; n += 1) await new Browser(world).requestLink("ada@example.com");
  const listed = await support.run(listLetters);
  expect(listed).toMatchObject({
    value: {
      count: 3,
      queued: Array(3).fill({ to: "ada@example.com", kind: "sign_up_link", attempts: 0 }),
      dead: [{ to: "ada@example.com", reason: "over_limit" }],
    },
  });
  expect(JSON.stringify(listed)).not.toMatch(/payload|rendered/);
  await world.deliver();
  expect(await support.run(listLetters)).toMatchObject({ value: { count: 0, queued: [] } });
});

test("for everybody else there is no list", async () => {
  const ada = new Browser(world);
  await ada.signIn("ada@example.com");
  for (const browser of [ada, new Browser(world)])
    expect(await browser.run(listLetters)).toEqual(refused("not_found"));
});
