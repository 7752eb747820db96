import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { lettersOf } from "@/test/support/queries";
import { race } from "@/test/support/race";
import { refused, setUpWorld } from "@/test/support/setup";
import {
  ada,
  emailOf,
  letItTakeEffect,
  newEmail,
  peopleOn,
  scheduled,
} from "@/test/support/staff-email-changes";
import { applyDueEmailChanges } from "@/lib/adapters/due-email-changes";
import { lifetimes } from "@/lib/core/policy";
import { stopEmailChangeByLink } from "./stop-email-change-by-link";

const world = await setUpWorld();

const stopBy = (token: string, email: unknown = ada, browser = new Browser(world)) =>
  browser.run(stopEmailChangeByLink, { token, email });

test("the old address stops the change, without a session and once; the new address is told", async () => {
  const { id, supportId, stop } = await scheduled(world);
  const browser = new Browser(world);
  expect(await stopBy(stop.token, ada, browser)).toEqual({ ok: true, value: { email: ada } });
  expect(browser.session).toBeNull();
  expect(await peopleOn(world, "staff_email_change.stop_by_link")).toEqual({
    outcome: "ok",
    subject: id,
    caller: null,
    staff: supportId,
  });
  expect(await lettersOf(world, newEmail)).toEqual([
    "staff_email_code sent",
    "staff_email_stopped queued",
  ]);
  expect(await stopBy(stop.token)).toEqual(refused("link_invalid", { cause: "used" }));
  expect(await letItTakeEffect(world)).toBe(0);
  expect(await emailOf(world, id)).toBe(ada);
});

test("its browser may repeat it, and nothing happens again", async () => {
  const { stop } = await scheduled(world);
  const browser = new Browser(world);
  await browser.requestLink("leo@example.com");
  for (let n = 0; n < 2; n += 1)
    expect(await stopBy(stop.token, ada, browser)).toMatchObject({ ok: true });
  expect(await lettersOf(world, newEmail)).toHaveLength(2);
});

test("needs the whole address, in every browser, and stops nothing without it (L5)", async () => {
  const { home, support, stop } = await scheduled(world);
  for (const browser of [home, support, new Browser(world)])
    for (const email of ["", newEmail, "a**@example.com"])
      expect(await stopBy(stop.token, email, browser)).toEqual(
        refused("email_mismatch", { field: "email" }),
      );
  expect(await letItTakeEffect(world)).toBe(1);
});

test("stops nothing once the change has taken effect", async () => {
  const { stop } = await scheduled(world);
  expect(await letItTakeEffect(world)).toBe(1);
  expect(await stopBy(stop.token)).toMatchObject({ ok: false });
});

test("stops nothing where the change is not pending any more, and says so", async () => {
  const { stop } = await scheduled(world);
  await world.writeDirectly((tx) => tx.execute(`update email_changes set undone_at = now()`));
  expect(await stopBy(stop.token)).toEqual(refused("undo_too_late"));
});

race("of a stop and the worker at the same moment one wins", async () => {
  const { id, stop } = await scheduled(world);
  await world.writeDirectly((tx) =>
    // The link works on, as if its letter had been late.
    tx.execute(`update email_changes set effective_at = now() - interval '1 second'`),
  );
  const [stopped] = await Promise.all([stopBy(stop.token), applyDueEmailChanges(world)]);
  expect(stopped).toMatchObject({ ok: true });
  expect(await emailOf(world, id)).toBe(ada);
  await world.reset();
});

test("a change whose notice was sent late waits until its link has worked for as long as it says", async () => {
  await world.withFrozenTime(async (world) => {
    const { id } = await scheduled(world);
    await world.writeDirectly((tx) =>
      tx.execute(
        `update verifications set expires_at = expires_at + interval '2 hours' where purpose = 'email_change_stop'`,
      ),
    );
    await world.advance(lifetimes.emailChangeNotice);
    expect(await applyDueEmailChanges(world)).toBe(0);
    await world.advance(2 * 3_600);
    expect(await applyDueEmailChanges(world)).toBe(1);
    expect(await emailOf(world, id)).toBe(newEmail);
  });
});
