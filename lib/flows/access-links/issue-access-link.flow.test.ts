import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { rows } from "@/db/rows";
import { minutes } from "@/lib/core/duration";
import { deleteAccount } from "@/lib/flows/deletion/delete-account";
import { disableUser } from "@/lib/flows/staff/disable-user";
import { Browser } from "@/test/support/browser";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { staffBrowser } from "@/test/support/staff";
import { issueAccessLink } from "./issue-access-link";

const world = await setUpWorld();
const ada = "ada@example.com";
const reason = "Lost her phone, knows her last invoice";

async function scene() {
  const home = new Browser(world);
  await home.signUpAndVerify(ada, validPassword);
  return {
    home,
    id: await world.userIdOf(ada),
    support: await staffBrowser(world, "support"),
  };
}

test("is sent to members only, by staff who have just authenticated, and ten times an hour", async () => {
  const { home, id, support } = await scene();
  const admin = await staffBrowser(world, "admin");
  for (const email of ["support@example.com", "admin@example.com"])
    expect(
      await admin.run(issueAccessLink, { id: await world.userIdOf(email), reason }),
    ).toMatchObject({
      refusal: { code: email.startsWith("admin") ? "own_account" : "staff_account" },
    });
  expect(await home.run(issueAccessLink, { id, reason })).toEqual(refused("not_found"));
  expect(await support.run(issueAccessLink, { id, reason: " " })).toEqual(
    refused("reason_missing", { field: "reason" }),
  );
  for (let n = 0; n < 10; n += 1) await support.run(issueAccessLink, { id, reason });
  expect(await support.run(issueAccessLink, { id, reason })).toEqual(refused("too_many_requests"));
  await world.advance(minutes(10));
  expect(await admin.run(issueAccessLink, { id, reason })).toEqual(refused("step_up_required"));
});

test("a disabled account gets none", async () => {
  const { id, support } = await scene();
  await support.run(disableUser, { id, reason });
  expect(await support.run(issueAccessLink, { id, reason })).toEqual(refused("account_disabled"));
});

test("an account that its owner has deleted gets none: the link would open nothing", async () => {
  const { home, id, support } = await scene();
  await home.run(deleteAccount, { email: ada });
  expect(await support.run(issueAccessLink, { id, reason })).toEqual(refused("deletion_scheduled"));
});

test("a link is of no browser: what it stores for one is of no value that anybody could present (L5)", async () => {
  const support = await staffBrowser(world, "support");
  for (const name of ["ada", "leo"]) await new Browser(world).signIn(`${name}@example.com`);
  for (const name of ["ada", "ada", "leo"]) {
    const id = await world.userIdOf(`${name}@example.com`);
    expect(await support.run(issueAccessLink, { id, reason: "Lost her phone" })).toMatchObject({
      ok: true,
    });
  }
  const stored = await rows<{ of: string }>(
    world.db,
    sql`select requesting_browser_digest as of from verifications where purpose = 'access_link'`,
  );
  expect(new Set(stored.map(({ of }) => of)).size).toBe(3);
});
