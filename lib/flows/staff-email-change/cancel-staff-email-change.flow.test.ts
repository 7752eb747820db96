import { expect, test } from "vitest";
import { readUser } from "@/lib/flows/staff/read-user";
import { refused, setUpWorld } from "@/test/support/setup";
import { staffBrowser } from "@/test/support/staff";
import {
  emailOf,
  ada,
  letItTakeEffect,
  newEmail,
  peopleOn,
  scheduled,
  started,
} from "@/test/support/staff-email-changes";
import { cancelStaffEmailChange } from "./cancel-staff-email-change";

const world = await setUpWorld();

test("staff see a scheduled change and cancel it, whoever has started it", async () => {
  const { id, supportId } = await scheduled(world);
  const admin = await staffBrowser(world, "admin");
  expect(await admin.run(readUser, { id })).toMatchObject({
    value: {
      emailChange: { state: "scheduled", newEmail, startedBy: "support@example.com" },
    },
  });
  expect(await admin.run(cancelStaffEmailChange, { id: supportId })).toEqual(refused("not_found"));
  expect(await admin.run(cancelStaffEmailChange, { id })).toEqual({ ok: true, value: { id } });
  expect(await peopleOn(world, "staff_email_change.cancel")).toEqual({
    outcome: "ok",
    subject: id,
    caller: await world.userIdOf("admin@example.com"),
    staff: supportId,
  });
  expect(await admin.run(cancelStaffEmailChange, { id })).toEqual(refused("not_found"));
  expect(await admin.run(readUser, { id })).toMatchObject({ value: { emailChange: null } });
  expect(await letItTakeEffect(world)).toBe(0);
  expect(await emailOf(world, id)).toBe(ada);
});

test("one that waits for its code is cancelled, too", async () => {
  const { id, support, confirm } = await started(world);
  expect(await support.run(readUser, { id })).toMatchObject({
    value: { emailChange: { state: "requested", newEmail } },
  });
  expect(await support.run(cancelStaffEmailChange, { id })).toMatchObject({ ok: true });
  expect(await confirm()).toEqual(refused("link_invalid", { cause: "voided" }));
});
