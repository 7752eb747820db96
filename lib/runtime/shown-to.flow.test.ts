import { expect, test } from "vitest";
import { flows } from "@/lib/flows";
import { removePassword } from "@/lib/flows/password/remove-password";
import { setPassword } from "@/lib/flows/password/set-password";
import { revokeOtherSessions } from "@/lib/flows/sessions/revoke-other-sessions";
import { signOut } from "@/lib/flows/sessions/sign-out";
import { stepUpByPassword } from "@/lib/flows/step-up/step-up-by-password";
import { isForStaff } from "./flow";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { hashOf } from "@/test/support/queries";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";

/** A form works only for the user whom its page showed as signed in. */

const world = await setUpWorld();

const ada = "ada@example.com";
const leo = "leo@example.com";

/** Ada's id, and Leo's browser after he signed in where she had been. */
const leoAfterAda = async () => {
  const browser = new Browser(world);
  await browser.signUpAndVerify(ada, otherPassword);
  const adasId = await world.userIdOf(ada);
  await browser.run(signOut);
  await browser.signUpAndVerify(leo, otherPassword);
  await world.deliver();
  return { browser, adasId, leosId: await world.userIdOf(leo) };
};

// For others than staff, flows for staff do not exist, whatever their page showed.
const flowsForAll = flows.filter(({ requires }) => !isForStaff(requires));

test("every flow refuses a form whose page showed another user, or none, and changes nothing", async () => {
  const { browser, adasId } = await leoAfterAda();
  const before = await dump(world, "audit_counts");
  for (const flow of flowsForAll)
    // Errors in the input are not shown to him.
    for (const shownTo of [adasId, "", adasId.toUpperCase(), ada])
      expect(await browser.run(flow, { password: "x" }, { shownTo }), flow.name).toEqual(
        refused("signed_in_as_other", { address: leo }),
      );
  expect(browser.cookieChanges).toEqual({});
  expect(await dump(world, "audit_counts")).toBe(before);
});

test("every flow refuses a form of hers once she is signed out", async () => {
  const { adasId } = await leoAfterAda();
  const nobody = new Browser(world);
  for (const flow of flowsForAll)
    expect(await nobody.run(flow, { password: "x" }, { shownTo: adasId }), flow.name).toEqual(
      refused("sign_in_required"),
    );
});

test("ada's own forms work, in the session that the page showed and in her next", async () => {
  const browser = new Browser(world);
  await browser.signUpAndVerify(ada, otherPassword);
  const shownTo = await world.userIdOf(ada);
  expect((await browser.run(stepUpByPassword, { password: otherPassword }, { shownTo })).ok).toBe(
    true,
  );
  expect((await browser.run(setPassword, { password: validPassword }, { shownTo })).ok).toBe(true);
  await browser.run(signOut);
  await browser.signInWithPassword(ada, validPassword);
  expect((await browser.run(revokeOtherSessions, {}, { shownTo })).ok).toBe(true);
});

test("leo's recent sign-in does not count for a form of ada's", async () => {
  const { browser, adasId } = await leoAfterAda();
  const hashes = async () => [await hashOf(world, ada), await hashOf(world, leo)];
  const before = await hashes();
  await browser.run(setPassword, { password: validPassword }, { shownTo: adasId });
  await browser.run(removePassword, {}, { shownTo: adasId });
  expect(await hashes()).toEqual(before);
});

test("a program has no page, and so is not checked", async () => {
  const { browser } = await leoAfterAda();
  expect((await browser.run(revokeOtherSessions, {}, { shownTo: null })).ok).toBe(true);
});
