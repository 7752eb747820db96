import { sql } from "drizzle-orm";
import { endsOfHelp } from "@/test/support/staff-help";
import { describe, expect, test } from "vitest";
import { row } from "@/db/rows";
import { lifetimes } from "@/lib/core/policy";
import { flows } from "@/lib/flows";
import { listActivity } from "@/lib/flows/activity/list-activity";
import { requestEmailChange } from "@/lib/flows/email-change/request-email-change";
import { undoEmailChange } from "@/lib/flows/email-change/undo-email-change";
import { verifyEmailChange } from "@/lib/flows/email-change/verify-email-change";
import { removePassword } from "@/lib/flows/password/remove-password";
import { setPassword } from "@/lib/flows/password/set-password";
import { listSessions } from "@/lib/flows/sessions/list-sessions";
import { readSession } from "@/lib/flows/sessions/read-session";
import { revokeOtherSessions } from "@/lib/flows/sessions/revoke-other-sessions";
import { changeRole } from "@/lib/flows/staff/change-role";
import { disableUser } from "@/lib/flows/staff/disable-user";
import { requestStepUp } from "@/lib/flows/step-up/request-step-up";
import { stepUpByPassword } from "@/lib/flows/step-up/step-up-by-password";
import { Browser } from "@/test/support/browser";
import { keys } from "@/test/support/oauth-fixtures";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { secretsThatOpen } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { runOnCommandLine, setRole, staffBrowser } from "@/test/support/staff";
import { issueAccessLink } from "./issue-access-link";
import { previewAccessLink } from "./preview-access-link";
import { redeemAccessLink } from "./redeem-access-link";

const world = await setUpWorld(keys);
const ada = "ada@example.com";
const reason = "Lost her phone, knows her last invoice";

/** Ada has an account and is locked out; support has sent her a link. */
async function scene() {
  const home = new Browser(world);
  await home.signUpAndVerify(ada, validPassword);
  const id = await world.userIdOf(ada);
  const support = await staffBrowser(world, "support");
  expect(await support.run(issueAccessLink, { id, reason })).toMatchObject({ ok: true });
  const letter = await world.letterTo(ada);
  const open = (browser: Browser, email: string | undefined = ada) =>
    browser.run(redeemAccessLink, { token: letter.token, ...(email && { email }) });
  return { home, id, support, letter, open };
}

const auditOf = async (event: string) =>
  (await world.audit()).findLast((entry) => entry.event === event);

test("a locked-out user gets in for an hour, and both people are on every audit row (T2)", async () => {
  const { id, open } = await scene();
  const leo = await world.userIdOf("support@example.com");
  const friends = new Browser(world);
  expect(await open(friends)).toMatchObject({ ok: true });
  expect(friends.newSession.lifetime).toBe(lifetimes.accessSession);
  expect(await friends.run(readSession)).toMatchObject({
    value: { email: ada, method: "access_link", staffId: leo, authenticatedAt: new Date(0) },
  });
  await friends.run(revokeOtherSessions);
  const staffOn = async (event: string) =>
    (await row<{ staff: string; subject: string }>(
      world.db,
      sql`select staff_id as staff, subject_id as subject from audit_events where event = ${event}`,
    ))!;
  for (const event of ["access_link.redeem", "session.revoke_others"])
    expect(await staffOn(event)).toEqual({ staff: leo, subject: id });
  expect(await auditOf("access_link.issue")).toMatchObject({ subject: id, caller: leo, reason });
});

test("the email says what the link does, and neither who sent it nor why", async () => {
  const { letter } = await scene();
  expect(letter.message.subject).toBe("Open your Latchkey account");
  expect(letter.message.text).toContain(`/l/access/${letter.token}`);
  expect(letter.message.text).toContain("for 1 hour");
  for (const secret of [reason, "support@example.com"])
    expect(letter.message.text).not.toContain(secret);
});

test("the user sees in the account what was done, and from where the link was used", async () => {
  const { home, open } = await scene();
  const friends = new Browser(world, { ip: "203.0.113.44" });
  await open(friends);
  const seen = await home.run(listActivity);
  expect(seen).toMatchObject({
    value: {
      events: [
        { event: "access_link.redeem", ip: "203.0.113.44" },
        { event: "access_link.issue", ip: null, browser: null },
        {},
      ],
    },
  });
});

/** A value that each field of a sensitive flow accepts. */
const fitting: Record<string, string> = {
  ...{ code: "123456", password: otherPassword, confirmPassword: otherPassword },
  ...{ token: "x".repeat(43), pendingIdentity: "x".repeat(43) },
  ...{ provider: "google", next: "/account", event: "1", email: "ada@second.example" },
};

test("what it opens changes nothing about how the user signs in", async () => {
  const { open } = await scene();
  const friends = new Browser(world);
  await open(friends);
  const refusal = refused("access_link_session");
  expect(await friends.run(setPassword, { password: otherPassword })).toEqual(refusal);
  expect(await friends.run(removePassword)).toEqual(refusal);
  expect(await friends.run(requestStepUp)).toEqual(refusal);
  expect(await friends.run(stepUpByPassword, { password: validPassword })).toEqual(refusal);
  // Whatever needs a recent authentication, or gives one, refuses it.
  const sensitive = flows.filter(
    ({ requires, maxAuthAge, name }) =>
      requires === "session" && (maxAuthAge || name.startsWith("step_up.")),
  );
  expect(sensitive.length).toBeGreaterThan(8);
  for (const flow of sensitive) {
    const fields = Object.keys((flow.input as { shape: object }).shape);
    const input = Object.fromEntries(fields.map((field) => [field, fitting[field]]));
    expect(await friends.run(flow, input), flow.name).toEqual(refusal);
  }
  expect(await friends.run(listSessions)).toMatchObject({ ok: true });
});

test("its browser does not become a known device", async () => {
  const { open } = await scene();
  const friends = new Browser(world);
  await open(friends);
  expect(friends.device).toBeNull();
  const devices = await row<{ n: number }>(
    world.db,
    sql`select count(*)::int as n from known_devices k join users u on u.id = k.user_id
      where u.email = ${ada}`,
  );
  expect(devices!.n).toBe(1);
});

describe("a link", () => {
  test("needs the whole address, in every browser, and consumes nothing without it (L5)", async () => {
    const { home, support, open, letter } = await scene();
    for (const browser of [home, support, new Browser(world)]) {
      expect(await open(browser, "")).toEqual(refused("email_mismatch", { field: "email" }));
      expect(await open(browser, "leo@example.com")).toEqual(
        refused("email_mismatch", { field: "email" }),
      );
    }
    expect(await new Browser(world).run(previewAccessLink, letter)).toMatchObject({ ok: false });
    expect(await new Browser(world).run(previewAccessLink, { token: letter.token })).toMatchObject({
      value: { address: "a**@example.com", isOpen: false },
    });
    expect(await open(new Browser(world))).toMatchObject({ ok: true });
  });

  test("works once", async () => {
    const { open, letter } = await scene();
    const friends = new Browser(world);
    await open(friends);
    for (const browser of [friends, new Browser(world)])
      expect(await open(browser)).toEqual(refused("link_invalid"));
    // Who pressed the button twice is let through, and nobody else.
    expect(await friends.run(previewAccessLink, { token: letter.token })).toMatchObject({
      value: { isOpen: true },
    });
    expect(await new Browser(world).run(previewAccessLink, { token: letter.token })).toEqual(
      refused("link_invalid"),
    );
  });

  test("works for 15 minutes", async () => {
    const { id } = await scene();
    await world.withFrozenTime(async (world) => {
      await runOnCommandLine(world, issueAccessLink, { id, reason });
      const { token } = await world.letterTo(ada);
      await world.advance(lifetimes.accessLink - 1);
      expect(await new Browser(world).run(previewAccessLink, { token })).toMatchObject({
        ok: true,
      });
      await world.advance(1);
      expect(await new Browser(world).run(redeemAccessLink, { token, email: ada })).toEqual(
        refused("link_invalid", { cause: "expired" }),
      );
    });
  });

  test.each([
    ["whoever sent it left the staff", "not_from_staff", "support@example.com", "member"],
    ["its user became staff", "not_eligible", ada, "support"],
  ] as const)("opens nothing after %s", async (_, cause, email, role) => {
    const { open } = await scene();
    await setRole(world, email, role);
    expect(await open(new Browser(world))).toEqual(refused("link_invalid", { cause }));
  });

  test.each([
    ["whoever sent it", "not_from_staff", "support@example.com"],
    ["its user", "not_eligible", ada],
  ] as const)("opens nothing after %s was disabled", async (_, cause, email) => {
    const { open } = await scene();
    const admin = await staffBrowser(world, "admin");
    await admin.run(disableUser, { id: await world.userIdOf(email), reason });
    expect(await open(new Browser(world))).toEqual(refused("link_invalid", { cause }));
  });

  test.each<
    [string, (at: Awaited<ReturnType<typeof scene>> & { email: string }) => Promise<unknown>]
  >([
    ...endsOfHelp(world),
    [
      "a change of the address that was undone",
      async ({ home }) => {
        const email = "ada@second.example";
        await home.run(requestEmailChange, { email });
        const { code } = await world.letterTo(email);
        await home.run(verifyEmailChange, { email, code });
        const { token } = await world.letterTo(ada);
        return home.run(undoEmailChange, { token });
      },
    ],
  ])("opens nothing after %s", async (_, change) => {
    const at = await scene();
    expect(await change({ ...at, email: ada })).toMatchObject({ ok: true });
    const voided = refused("link_invalid", { cause: "voided" });
    expect(await at.open(new Browser(world))).toEqual(voided);
  });

  test("of before a change of the address opens nothing when that address is undone", async () => {
    const { home, id, support } = await scene();
    const email = "ada@second.example";
    await home.run(requestEmailChange, { email });
    const { code } = await world.letterTo(email);
    await home.run(verifyEmailChange, { email, code });
    const undo = await world.letterTo(ada);
    await support.run(issueAccessLink, { id, reason });
    const { token } = await world.letterTo(email);
    expect(await home.run(undoEmailChange, { token: undo.token })).toMatchObject({ ok: true });
    expect(await new Browser(world).run(redeemAccessLink, { token, email })).toEqual(
      refused("link_invalid", { cause: "not_eligible" }),
    );
    expect(await secretsThatOpen(world, email)).toEqual([]);
  });

  test("of the command line opens the account as well, and its session is marked, too", async () => {
    await new Browser(world).signUpAndVerify(ada, validPassword);
    const id = await world.userIdOf(ada);
    await runOnCommandLine(world, issueAccessLink, { id, reason });
    const { token } = await world.letterTo(ada);
    const browser = new Browser(world);
    expect(await browser.run(redeemAccessLink, { token, email: ada })).toMatchObject({ ok: true });
    expect(await browser.run(requestStepUp)).toEqual(refused("access_link_session"));
  });
});

test("a user who becomes staff meanwhile does nothing as staff with such a session", async () => {
  const { id, open } = await scene();
  const friends = new Browser(world);
  await open(friends);
  await setRole(world, ada, "admin");
  expect(await friends.run(changeRole, { id, role: "admin", reason })).toEqual(
    refused("not_found"),
  );
});
