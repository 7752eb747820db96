import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv } from "@/test/support/world";
import { readMailbox } from "./read-mailbox";

const world = await setUpWorld();
const ada = "ada@example.com";

test("a developer sees what was sent, and what was withheld and why (X1)", async () => {
  for (let i = 0; i < 4; i += 1) await new Browser(world).requestLink(ada);
  await new Browser(world.with({ env: testEnv({ SIGN_UP: "closed" }) })).requestLink(
    "leo@example.com",
  );
  await world.deliver();
  const mailbox = await new Browser(world).run(readMailbox);
  expect(mailbox).toMatchObject({
    ok: true,
    value: {
      sent: [{ to: ada }, { to: ada }, { to: ada }],
      withheld: [
        { to: "leo@example.com", reason: "no_account" },
        { to: ada, reason: "over_limit" },
      ],
    },
  });
});

test("where real email is sent there is no mailbox, signed in or not", async () => {
  const real = world.with({ mailbox: null });
  const browser = new Browser(real);
  expect(await browser.run(readMailbox)).toEqual(refused("not_found"));
  await browser.signIn(ada);
  expect(await browser.run(readMailbox)).toEqual(refused("not_found"));
});
