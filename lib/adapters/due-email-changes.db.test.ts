import { sql } from "drizzle-orm";
import { endsOfHelp } from "@/test/support/staff-help";
import { setRole } from "@/test/support/staff";
import { describe, expect, test } from "vitest";
import { lifetimes } from "@/lib/core/policy";
import { exportAccount } from "@/lib/flows/account-data/export-account";
import { requestEmailChange } from "@/lib/flows/email-change/request-email-change";
import { undoEmailChange } from "@/lib/flows/email-change/undo-email-change";
import { verifyEmailChange } from "@/lib/flows/email-change/verify-email-change";
import { issueAccessLink } from "@/lib/flows/access-links/issue-access-link";
import { redeemAccessLink } from "@/lib/flows/access-links/redeem-access-link";
import { redeemPasswordReset } from "@/lib/flows/password/redeem-password-reset";
import { requestPasswordReset } from "@/lib/flows/password/request-password-reset";
import { setPassword } from "@/lib/flows/password/set-password";
import { readSession } from "@/lib/flows/sessions/read-session";
import { confirmStaffEmailChange } from "@/lib/flows/staff-email-change/confirm-staff-email-change";
import { startStaffEmailChange } from "@/lib/flows/staff-email-change/start-staff-email-change";
import { purge } from "@/lib/store/purge";
import { endBroughtBack } from "@/lib/store/restored-backup";
import { Browser } from "@/test/support/browser";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { count, lettersOf, methodsOf, secretsThatOpen } from "@/test/support/queries";
import { race } from "@/test/support/race";
import { refused, setUpWorld } from "@/test/support/setup";
import {
  ada,
  emailOf,
  letItTakeEffect,
  newEmail,
  peopleOn,
  reason,
  scheduled,
} from "@/test/support/staff-email-changes";
import { applyDueEmailChanges } from "./due-email-changes";

/** What becomes of a change of the address that staff have started, when its time has come (T2). */

const world = await setUpWorld();

test("it takes effect after 72 hours, and not before", async () => {
  await world.withFrozenTime(async (world) => {
    const { id } = await scheduled(world);
    await world.advance(lifetimes.emailChangeNotice - 1);
    expect(await applyDueEmailChanges(world)).toBe(0);
    await world.advance(1);
    expect(await applyDueEmailChanges(world)).toBe(1);
    expect(await emailOf(world, id)).toBe(newEmail);
  });
});

test("it takes no effect before, also where the link that stops it is gone", async () => {
  const { id } = await scheduled(world);
  await world.writeDirectly((tx) =>
    tx.execute(sql`delete from verifications where purpose = 'email_change_stop'`),
  );
  expect(await applyDueEmailChanges(world)).toBe(0);
  expect(await letItTakeEffect(world)).toBe(1);
  expect(await emailOf(world, id)).toBe(newEmail);
});

test("sessions and links end, both addresses are told, and the methods stay", async () => {
  const { home, id, support, supportId } = await scheduled(world);
  await world.advance(lifetimes.emailChangeNotice + 1);
  await home.signInWithPassword(ada, validPassword);
  await new Browser(world).requestLink(ada);
  await home.run(requestPasswordReset, { email: ada });
  const letter = await world.letterTo(ada);
  await support.signIn("support@example.com");
  await support.run(issueAccessLink, { id, reason });
  const access = await world.letterTo(ada);
  const methods = await methodsOf(world, ada);
  expect(await applyDueEmailChanges(world)).toBe(1);
  expect(await emailOf(world, id)).toBe(newEmail);
  expect(await methodsOf(world, newEmail)).toEqual(methods);
  expect(await home.run(readSession)).toMatchObject({ value: null });
  expect(await secretsThatOpen(world, ada)).toEqual(["email_undo"]);
  expect(await secretsThatOpen(world, newEmail)).toEqual([]);
  expect(
    await home.run(redeemPasswordReset, { token: letter.token, password: otherPassword }),
  ).toEqual(refused("link_invalid"));
  expect(
    await new Browser(world).run(redeemAccessLink, { token: access.token, email: ada }),
  ).toEqual(refused("link_invalid"));
  expect(await peopleOn(world, "staff_email_change.apply")).toEqual({
    outcome: "ok",
    subject: id,
    caller: null,
    staff: supportId,
  });
  expect((await lettersOf(world, ada)).at(-1)).toBe("staff_email_changed queued");
  expect((await lettersOf(world, newEmail)).at(-1)).toBe("staff_email_ready queued");
  expect(await new Browser(world).signInWithPassword(newEmail, validPassword)).toMatchObject({
    ok: true,
  });
  expect(await applyDueEmailChanges(world)).toBe(0);
});

test("the old address can undo it for 72 hours more, in which nobody else can have it", async () => {
  const { id } = await scheduled(world);
  await letItTakeEffect(world);
  const { token } = await world.letterTo(ada);
  const stranger = new Browser(world);
  await stranger.requestLink(ada);
  expect(await lettersOf(world, ada)).toContain("sign_up_link dead reserved");
  expect(await stranger.run(undoEmailChange, { token })).toEqual(refused("email_mismatch"));
  expect(await stranger.run(undoEmailChange, { token, email: ada })).toMatchObject({ ok: true });
  expect(await emailOf(world, id)).toBe(ada);
});

test("the export of the account says that staff have started it", async () => {
  const { home } = await scheduled(world);
  expect(await home.run(exportAccount)).toMatchObject({
    value: { emailChanges: [{ newAddress: newEmail, appliedAt: null, byStaff: true }] },
  });
});

test("a purge before the worker applies it leaves it, and one long after removes it", async () => {
  const { id } = await scheduled(world);
  await world.advance(lifetimes.emailChangeNotice * 3);
  await world.writeDirectly((tx) => purge(tx));
  expect(await applyDueEmailChanges(world)).toBe(1);
  expect(await emailOf(world, id)).toBe(newEmail);
  await world.advance(lifetimes.emailUndo * 3);
  await world.writeDirectly((tx) => purge(tx));
  expect(await count(world, "email_changes")).toBe(0);
});

type Scene = Awaited<ReturnType<typeof scheduled>>;

describe("takes no effect after", () => {
  test.each<[string, (at: Scene & { email: string }) => Promise<unknown>]>([
    ...endsOfHelp(world),
    [
      "the owner asked for another address",
      ({ home }) => home.run(requestEmailChange, { email: "ada@third.example" }),
    ],
    [
      "a backup was restored",
      async () => ({ ok: (await endBroughtBack(world.db, "restored")).emailChanges === 1 }),
    ],
  ])("%s", async (_, kill) => {
    const at = await scheduled(world);
    expect(await kill({ ...at, email: ada })).toMatchObject({ ok: true });
    expect(await letItTakeEffect(world)).toBe(0);
    expect(await emailOf(world, at.id)).toBe(ada);
    expect((await world.audit()).map(({ event }) => event)).not.toContain(
      "staff_email_change.apply",
    );
  });
});

describe("ends, and tells the new address, when", () => {
  test.each<[string, string, string | null, (at: Scene) => Promise<unknown>]>([
    [
      "the new address has an account by now",
      "email_in_use",
      null,
      () => new Browser(world).signIn(newEmail),
    ],
    [
      "the new address is reserved by now",
      "email_in_use",
      null,
      async () => {
        const leo = new Browser(world);
        await leo.signIn(newEmail);
        await leo.run(requestEmailChange, { email: "leo@second.example" });
        const { code } = await world.letterTo("leo@second.example");
        await leo.run(verifyEmailChange, { email: "leo@second.example", code });
        return world.writeDirectly((tx) =>
          tx.execute(
            sql`update email_changes set reserved_until = now() + interval '9 days' where applied_at is not null`,
          ),
        );
      },
    ],
    [
      "whoever started it has left the staff",
      "link_invalid",
      "not_from_staff",
      () => setRole(world, "support@example.com", "member"),
    ],
    [
      "its user is on the staff",
      "link_invalid",
      "not_eligible",
      () => setRole(world, ada, "support"),
    ],
    [
      "its user is disabled",
      "link_invalid",
      "not_eligible",
      () =>
        world.writeDirectly((tx) =>
          tx.execute(sql`update users set disabled_at = now() where email = ${ada}`),
        ),
    ],
    [
      "its user will be erased",
      "link_invalid",
      "not_eligible",
      () =>
        world.writeDirectly((tx) =>
          tx.execute(
            sql`update users set delete_at = now() + interval '9 days' where email = ${ada}`,
          ),
        ),
    ],
  ])("%s", async (_, outcome, cause, change) => {
    const at = await scheduled(world);
    await change(at);
    expect(await letItTakeEffect(world)).toBe(0);
    expect(await emailOf(world, at.id)).toBe(ada);
    expect((await world.audit()).at(-1)).toMatchObject({
      event: "staff_email_change.apply",
      outcome,
      cause,
      subject: at.id,
      browser: "worker",
    });
    expect((await lettersOf(world, newEmail)).at(-1)).toBe("staff_email_stopped queued");
    expect(await applyDueEmailChanges(world)).toBe(0);
  });
});

race("of the worker and a new password at the same moment one decides", async () => {
  const { home, id } = await scheduled(world);
  await world.advance(lifetimes.emailChangeNotice + 1);
  await home.signInWithPassword(ada, validPassword);
  const [chosen, applied] = await Promise.all([
    home.run(setPassword, { password: otherPassword }),
    applyDueEmailChanges(world),
  ]);
  expect(applied).toBe(chosen.ok ? 0 : 1);
  expect(await emailOf(world, id)).toBe(chosen.ok ? ada : newEmail);
  await world.reset();
});

race("two workers at once apply two changes to one address once", async () => {
  const { id, support } = await scheduled(world);
  const leo = new Browser(world);
  await leo.signUpAndVerify("leo@example.com", validPassword);
  const other = await world.userIdOf("leo@example.com");
  await support.run(startStaffEmailChange, { id: other, email: newEmail, reason });
  const { token, code } = await world.letterTo(newEmail);
  await leo.run(confirmStaffEmailChange, { token, code, email: "leo@example.com" });
  await world.advance(lifetimes.emailChangeNotice + 1);
  const applied = await Promise.all([1, 2, 3].map(() => applyDueEmailChanges(world)));
  expect(applied.reduce((sum, one) => sum + one, 0)).toBe(1);
  const emails = [await emailOf(world, id), await emailOf(world, other)];
  expect(emails.filter((email) => email === newEmail)).toHaveLength(1);
  await world.reset();
});
