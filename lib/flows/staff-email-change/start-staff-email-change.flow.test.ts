import { expect, test } from "vitest";
import { minutes } from "@/lib/core/duration";
import { deleteAccount } from "@/lib/flows/deletion/delete-account";
import { requestEmailChange } from "@/lib/flows/email-change/request-email-change";
import { verifyEmailChange } from "@/lib/flows/email-change/verify-email-change";
import { disableUser } from "@/lib/flows/staff/disable-user";
import { Browser } from "@/test/support/browser";
import { lettersOf, liveSecrets } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { runOnCommandLine, staffBrowser } from "@/test/support/staff";
import {
  ada,
  askForHelp,
  letItTakeEffect,
  newEmail,
  peopleOn,
  reason,
  scheduled,
  started,
} from "@/test/support/staff-email-changes";
import { startStaffEmailChange } from "./start-staff-email-change";

const world = await setUpWorld();

const start = (browser: Browser, id: string, email: unknown = newEmail) =>
  browser.run(startStaffEmailChange, { id, email, reason });

test("a code goes to the new address, which learns nothing of the account, and staff see neither", async () => {
  const { id, supportId, message, support } = await started(world);
  expect(message.text).not.toContain(ada);
  expect(await lettersOf(world, newEmail)).toEqual(["staff_email_code sent"]);
  expect(support.cookieChanges).toEqual({});
  expect(await peopleOn(world, "staff_email_change.start")).toEqual({
    outcome: "ok",
    subject: id,
    caller: supportId,
    staff: null,
  });
  const audited = await world.audit();
  expect(audited.at(-1)).toMatchObject({ reason, identifier: newEmail });
});

test("is for members only, by staff who have just authenticated, with a reason, ten times an hour", async () => {
  const { home, id, support } = await askForHelp(world);
  const admin = await staffBrowser(world, "admin");
  expect(await start(admin, await world.userIdOf("admin@example.com"))).toEqual(
    refused("own_account"),
  );
  expect(await start(admin, await world.userIdOf("support@example.com"))).toEqual(
    refused("staff_account"),
  );
  expect(await start(home, id)).toEqual(refused("not_found"));
  expect(await support.run(startStaffEmailChange, { id, email: newEmail, reason: " " })).toEqual(
    refused("reason_missing", { field: "reason" }),
  );
  expect(await start(support, id, "nonsense")).toEqual(refused("email_invalid"));
  expect(await start(support, id, " ")).toEqual(refused("email_missing"));
  for (let n = 0; n < 10; n += 1)
    expect(await start(support, id, `ada@new${n}.example`)).toMatchObject({ ok: true });
  expect(await start(support, id)).toEqual(refused("too_many_requests"));
  await world.advance(minutes(10));
  expect(await start(admin, id)).toEqual(refused("step_up_required"));
});

test("an account that is disabled or deleted gets none", async () => {
  const { id, support } = await askForHelp(world);
  await support.run(disableUser, { id, reason });
  expect(await start(support, id)).toEqual(refused("account_disabled"));
  const admin = await staffBrowser(world, "admin");
  const leaver = new Browser(world);
  await leaver.signIn("leo@example.com");
  const leo = await world.userIdOf("leo@example.com");
  await leaver.run(deleteAccount, { email: "leo@example.com" });
  expect(await start(admin, leo)).toEqual(refused("deletion_scheduled"));
  expect(await start(admin, "00000000-0000-4000-8000-000000000000")).toEqual(refused("not_found"));
});

test("an account whose address was never verified gets none: it may be another person's", async () => {
  const { id, support } = await askForHelp(world);
  await world.writeDirectly((tx) =>
    tx.execute(`update users set email_verified_at = null where id = '${id}'`),
  );
  expect(await start(support, id)).toEqual(refused("email_unverified"));
  await world.writeDirectly((tx) =>
    tx.execute(`update users set email_verified_at = now() where id = '${id}'`),
  );
});

test("staff are told that a new address is taken or reserved, as for an invitation", async () => {
  const { home, id, support } = await askForHelp(world);
  await new Browser(world).signIn("leo@example.com");
  expect(await start(support, id, "leo@example.com")).toEqual(
    refused("has_account", { field: "email" }),
  );
  expect(await start(support, id, " ADA@example.com")).toEqual(
    refused("email_unchanged", { field: "email" }),
  );
  await home.run(requestEmailChange, { email: newEmail });
  const { code } = await world.letterTo(newEmail);
  await home.run(verifyEmailChange, { email: newEmail, code });
  expect(await start(support, id, ada)).toEqual(refused("email_reserved", { field: "email" }));
  const other = await staffBrowser(world, "support", "other@example.com");
  expect(await start(other, await world.userIdOf("leo@example.com"), ada)).toEqual(
    refused("has_account", { field: "email" }),
  );
  expect(await liveSecrets(world, ada)).not.toContain("staff_email_change");
});

test("the next change of an account replaces the one before, whoever has started it", async () => {
  const { home, id, support, confirm } = await started(world);
  expect(await start(support, id, "ada@third.example")).toMatchObject({ ok: true });
  expect(await confirm()).toEqual(refused("link_invalid", { cause: "voided" }));
  await home.run(requestEmailChange, { email: "ada@fourth.example" });
  expect(await liveSecrets(world, "ada@third.example")).toEqual([]);
  const { code } = await world.letterTo("ada@fourth.example");
  await start(support, id, "ada@fifth.example");
  expect(await home.run(verifyEmailChange, { email: "ada@fourth.example", code })).toEqual(
    refused("code_invalid"),
  );
});

test("one that is scheduled is replaced, too", async () => {
  const { id, support } = await scheduled(world);
  expect(await start(support, id, "ada@third.example")).toMatchObject({ ok: true });
  expect(await letItTakeEffect(world)).toBe(0);
});

test("the command line starts one as well", async () => {
  const { id } = await askForHelp(world);
  expect(
    await runOnCommandLine(world, startStaffEmailChange, { id, email: newEmail, reason }),
  ).toMatchObject({ ok: true });
  expect(await lettersOf(world, newEmail)).toEqual(["staff_email_code queued"]);
});
