import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { bounds } from "@/lib/core/policy";
import { ok } from "@/lib/core/result";
import { Browser } from "@/test/support/browser";
import { refused, setUpWorld } from "@/test/support/setup";
import { copyVerifications, newestVerification, idsOnPages } from "@/test/support/verifications";
import { staffBrowser } from "@/test/support/staff";
import { listInvitations } from "./list-invitations";
import { sendInvitation } from "./send-invitation";

const world = await setUpWorld();

test("staff see each open invitation once, the newest first, and others see none", async () => {
  const support = await staffBrowser(world, "support");
  for (const name of ["ada", "leo", "ada"])
    await support.run(sendInvitation, { email: `${name}@example.com` });
  const listed = await support.run(listInvitations);
  expect(listed.ok && listed.value.invitations.map(({ email }) => email)).toEqual([
    "ada@example.com",
    "leo@example.com",
  ]);
  const eve = new Browser(world);
  await eve.signIn("eve@example.com");
  for (const browser of [eve, new Browser(world)])
    expect(await browser.run(listInvitations)).toEqual(refused("not_found"));
});

test("each invitation is on one page, also those of the same moment", async () => {
  const support = await staffBrowser(world, "support");
  const size = bounds.listedInvitations;
  await support.run(sendInvitation, { email: "ada@example.com" });
  await copyVerifications(world, "invitation", 2 * size + 1);
  const pages = await idsOnPages(world, async (after) => {
    const listed = await support.run(listInvitations, after ? { after } : {});
    return listed.ok
      ? ok({ ids: listed.value.invitations.map(({ id }) => id), next: listed.value.next })
      : listed;
  });
  expect(pages.map((ids) => ids.length)).toEqual([size, size, 1]);
  const seen = pages.flat();
  expect(seen).toHaveLength(2 * size + 1);
  expect(new Set(seen).size).toBe(seen.length);
});

test("a forged cursor is refused", async () => {
  const support = await staffBrowser(world, "support");
  const signInLink = await newestVerification(world, "magic_link");
  for (const after of ["1", "", null, 7, [], randomUUID(), signInLink])
    expect(await support.run(listInvitations, { after })).toEqual(refused("invalid_input"));
});
