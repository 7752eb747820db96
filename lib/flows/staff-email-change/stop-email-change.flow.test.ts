import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { lettersOf } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import {
  ada,
  emailOf,
  letItTakeEffect,
  newEmail,
  peopleOn,
  scheduled,
} from "@/test/support/staff-email-changes";
import { readStaffEmailChange } from "./read-staff-email-change";
import { stopEmailChange } from "./stop-email-change";
import { stopEmailChangeByLink } from "./stop-email-change-by-link";

const world = await setUpWorld();

test("the owner stops the change, and only their own", async () => {
  const { home, id, supportId, stop } = await scheduled(world);
  const leo = new Browser(world);
  await leo.signIn("leo@example.com");
  expect(await leo.run(stopEmailChange)).toEqual(refused("not_found"));
  expect(await home.run(stopEmailChange)).toEqual({ ok: true, value: {} });
  expect(await peopleOn(world, "staff_email_change.stop")).toEqual({
    outcome: "ok",
    subject: id,
    caller: id,
    staff: supportId,
  });
  expect(await home.run(stopEmailChange)).toEqual(refused("not_found"));
  expect(await lettersOf(world, newEmail)).toContain("staff_email_stopped queued");
  expect(await home.run(readStaffEmailChange)).toEqual({ ok: true, value: null });
  expect(
    await new Browser(world).run(stopEmailChangeByLink, { token: stop.token, email: ada }),
  ).toEqual(refused("link_invalid", { cause: "voided" }));
  expect(await letItTakeEffect(world)).toBe(0);
  expect(await emailOf(world, id)).toBe(ada);
});
