import { expect, test } from "vitest";
import { readProfile } from "@/lib/flows/profile/read-profile";
import { Browser } from "@/test/support/browser";
import { liveSecrets } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { deleteAccount } from "./delete-account";
import { readDeletion } from "./read-deletion";
import { restoreAccount } from "./restore-account";
import { restoreByLink } from "./restore-by-link";

const world = await setUpWorld();
const email = "ada@example.com";

test("a user who signs in again restores the account as it was, and the link is of no more use", async () => {
  const browser = new Browser(world);
  await browser.signIn(email);
  expect(await browser.run(restoreAccount)).toEqual({ ok: true, value: {} });
  await browser.run(deleteAccount, { email });
  const { token } = await world.letterTo(email);
  await browser.signIn(email);
  expect(await browser.run(readProfile)).toEqual(refused("account_deleted"));
  expect(await browser.run(restoreAccount)).toEqual({ ok: true, value: {} });
  expect(await browser.run(readDeletion)).toMatchObject({ value: { deletesAt: null } });
  expect(await browser.run(readProfile)).toMatchObject({ ok: true });
  expect(await liveSecrets(world, email)).toEqual([]);
  expect(await browser.run(restoreByLink, { token })).toEqual(
    refused("link_invalid", { cause: "voided" }),
  );
});
