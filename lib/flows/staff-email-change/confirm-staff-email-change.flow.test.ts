import { describe, expect, test } from "vitest";
import { lifetimes } from "@/lib/core/policy";
import { disableUser } from "@/lib/flows/staff/disable-user";
import { Browser } from "@/test/support/browser";
import { count, lettersOf, liveSecrets } from "@/test/support/queries";
import { race } from "@/test/support/race";
import { refused, setUpWorld } from "@/test/support/setup";
import { setRole, staffBrowser } from "@/test/support/staff";
import {
  ada,
  emailOf,
  newEmail,
  peopleOn,
  reason,
  scheduled,
  started,
} from "@/test/support/staff-email-changes";
import { confirmStaffEmailChange } from "./confirm-staff-email-change";
import { startStaffEmailChange } from "./start-staff-email-change";

const world = await setUpWorld();

test("the code schedules the change, tells the old address, and changes nothing yet", async () => {
  const { id, supportId, stop } = await scheduled(world);
  expect(await emailOf(world, id)).toBe(ada);
  expect(await count(world, "email_changes")).toBe(1);
  expect(stop.message.text).toContain("a**@new.example");
  expect(stop.message.text).not.toContain(newEmail);
  expect(stop.token).not.toBe("");
  expect(await peopleOn(world, "staff_email_change.confirm")).toEqual({
    outcome: "ok",
    subject: id,
    caller: null,
    staff: supportId,
  });
  expect(await liveSecrets(world, ada)).toContain("email_change_stop");
});

test("signs nobody in", async () => {
  const { confirm, code } = await started(world);
  const browser = new Browser(world);
  expect(await confirm(ada, code, browser)).toMatchObject({ ok: true });
  expect(browser.session).toBeNull();
  expect(browser.device).toBeNull();
});

test("asks for the account's current address, which a letter to a wrong address does not say", async () => {
  const { confirm, code } = await started(world);
  for (const email of ["", newEmail, "support@example.com", "a**@example.com"])
    for (let n = 0; n < 2; n += 1)
      expect(await confirm(email, code)).toEqual(refused("email_incorrect", { field: "email" }));
  // None of these counted as an attempt at the code.
  expect(await confirm()).toMatchObject({ ok: true });
});

test("five attempts at the code, whoever makes them", async () => {
  const { confirm, code } = await started(world);
  const wrong = code === "000000" ? "111111" : "000000";
  for (let n = 0; n < 5; n += 1)
    expect(await confirm(ada, wrong)).toEqual(
      refused("code_invalid", { cause: "wrong", field: "code", emailHasLink: false }),
    );
  expect(await confirm()).toEqual(refused("too_many_attempts", { field: "code" }));
  expect(await count(world, "email_changes")).toBe(0);
});

test("the code opens nothing without the link, and the link nothing without the code", async () => {
  const { token, code, support } = await started(world);
  for (const browser of [support, new Browser(world)])
    expect(
      await browser.run(confirmStaffEmailChange, { token: "x".repeat(43), email: ada, code }),
    ).toEqual(refused("link_invalid", { cause: "unknown" }));
  expect(await new Browser(world).run(confirmStaffEmailChange, { token, email: ada })).toEqual(
    refused("code_malformed"),
  );
});

test("works once; its page may repeat it for a minute, and nothing happens again", async () => {
  const { confirm } = await scheduled(world);
  const letters = await lettersOf(world, ada);
  expect(await confirm()).toMatchObject({ ok: true });
  expect(await lettersOf(world, ada)).toEqual(letters);
  await world.advance(61);
  expect(await confirm()).toEqual(refused("link_invalid", { cause: "used" }));
});

test("works for ten minutes", async () => {
  await world.withFrozenTime(async (world) => {
    const { confirm } = await started(world);
    await world.advance(lifetimes.emailCode);
    expect(await confirm()).toEqual(refused("link_invalid", { cause: "expired" }));
  });
});

test("refuses an address that somebody else got meanwhile", async () => {
  const { confirm } = await started(world);
  await new Browser(world).signIn(newEmail);
  expect(await confirm()).toEqual(refused("email_in_use"));
  expect(await count(world, "email_changes")).toBe(0);
});

describe("schedules nothing", () => {
  test.each([
    ["whoever started it left the staff", "not_from_staff", "support@example.com", "member"],
    ["its user became staff", "not_eligible", ada, "support"],
  ] as const)("after %s", async (_, cause, email, role) => {
    const { confirm } = await started(world);
    await setRole(world, email, role);
    expect(await confirm()).toEqual(refused("link_invalid", { cause }));
  });

  test("after whoever started it was disabled", async () => {
    const { confirm, supportId } = await started(world);
    const admin = await staffBrowser(world, "admin");
    await admin.run(disableUser, { id: supportId, reason });
    expect(await confirm()).toEqual(refused("link_invalid", { cause: "not_from_staff" }));
  });

  test("after its user was disabled", async () => {
    const { confirm, support, id } = await started(world);
    await support.run(disableUser, { id, reason });
    expect(await confirm()).toEqual(refused("link_invalid", { cause: "not_eligible" }));
  });
});

race("of ten codes at once one schedules, and a second start leaves one change", async () => {
  const { confirm, support, id } = await started(world);
  const results = await Promise.all([
    ...Array.from({ length: 10 }, () => confirm()),
    support.run(startStaffEmailChange, { id, email: "ada@third.example", reason }),
  ]);
  expect(results.at(-1)).toMatchObject({ ok: true });
  expect((await lettersOf(world, ada)).filter((one) => /^staff/.test(one)).length).toBeLessThan(2);
  expect(await liveSecrets(world, "ada@third.example")).toEqual(["staff_email_change"]);
  await world.reset();
});
