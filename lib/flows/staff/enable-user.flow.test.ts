import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { disable } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { staffBrowser } from "@/test/support/staff";
import { enableUser } from "./enable-user";

const world = await setUpWorld();
const ada = "ada@example.com";

test("who was disabled and enabled again is told, and signs in as before", async () => {
  await new Browser(world).signIn(ada);
  await disable(world, ada);
  await world.writeDirectly((tx) => tx.execute("delete from sessions"));
  const support = await staffBrowser(world, "support");
  const input = { id: await world.userIdOf(ada), reason: "A mistake" };
  expect(await support.run(enableUser, input)).toMatchObject({ ok: true });
  expect((await world.letterTo(ada)).message.subject).toBe("Your Latchkey account was enabled");
  await new Browser(world).signIn(ada);
  expect(await support.run(enableUser, input)).toEqual(refused("already_done"));
});
