import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { bounds, lifetimes } from "@/lib/core/policy";
import { ok } from "@/lib/core/result";

import { Browser } from "@/test/support/browser";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { copyVerifications, newestVerification, idsOnPages } from "@/test/support/verifications";
import { staffBrowser } from "@/test/support/staff";
import { sendInvitation } from "./send-invitation";
import { listPendingSignUps } from "./list-pending-sign-ups";

const world = await setUpWorld();

test("staff see who is signing up, without secrets, and nobody whose address has an account", async () => {
  const support = await staffBrowser(world, "support");
  await new Browser(world).signUpAndVerify("leo@example.com", validPassword);
  await new Browser(world).signUp("leo@example.com", validPassword);
  const ada = new Browser(world);
  await ada.signUp("ada@example.com", validPassword);
  await world.deliver();
  await ada.verify("000000", "ada@example.com");
  const listed = await support.run(listPendingSignUps);
  expect(listed).toMatchObject({
    value: {
      signUps: [
        { email: "ada@example.com", browser: "firefox/linux", attempts: 1, letter: "sent" },
      ],
      next: null,
    },
  });
  expect(JSON.stringify(listed)).not.toMatch(/argon2|digest|hash/i);
  await world.advance(lifetimes.signUpAttempt);
  expect(await support.run(listPendingSignUps)).toEqual({
    ok: true,
    value: { signUps: [], next: null },
  });
});

test("each sign-up is on one page, also those of the same moment", async () => {
  const support = await staffBrowser(world, "support");
  const size = bounds.pendingSignUps;
  for (const n of [1, 2]) await new Browser(world).signUp(`user-${n}@example.com`, validPassword);
  await copyVerifications(world, "sign_up", 2 * size + 1);
  const pages = await idsOnPages(world, async (after) => {
    const listed = await support.run(listPendingSignUps, after ? { after } : {});
    return listed.ok
      ? ok({ ids: listed.value.signUps.map(({ id }) => id), next: listed.value.next })
      : listed;
  });
  expect(pages.map((ids) => ids.length)).toEqual([size, size, 1]);
  const seen = pages.flat();
  expect(seen).toHaveLength(2 * size + 1);
  expect(new Set(seen).size).toBe(seen.length);
});

test("a forged cursor is refused", async () => {
  const support = await staffBrowser(world, "support");
  await support.run(sendInvitation, { email: "leo@example.com" });
  const invitation = await newestVerification(world, "invitation");
  for (const after of ["1", "", null, 7, [], randomUUID(), invitation])
    expect(await support.run(listPendingSignUps, { after })).toEqual(refused("invalid_input"));
});

test("for everybody else there is no list", async () => {
  const ada = new Browser(world);
  await ada.signIn("ada@example.com");
  for (const browser of [ada, new Browser(world)])
    expect(await browser.run(listPendingSignUps)).toEqual(refused("not_found"));
});
