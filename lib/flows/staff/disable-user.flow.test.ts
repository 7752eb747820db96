import { expect, test } from "vitest";
import { minutes } from "@/lib/core/duration";
import { bounds } from "@/lib/core/policy";
import { listActivity } from "@/lib/flows/activity/list-activity";
import { readSession } from "@/lib/flows/sessions/read-session";
import { Browser } from "@/test/support/browser";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { runOnCommandLine, setRole, staffBrowser } from "@/test/support/staff";
import { changeRole } from "./change-role";
import { disableUser } from "./disable-user";
import { enableUser } from "./enable-user";
import { revokeUserSessions } from "./revoke-user-sessions";

const world = await setUpWorld();
const ada = "ada@example.com";
const reason = "Reported by her employer";

async function adasBrowser() {
  const browser = new Browser(world, { ip: "203.0.113.9" });
  await browser.signUpAndVerify(ada, validPassword);
  return { browser, id: await world.userIdOf(ada) };
}

test("support disables a member: all sessions end at once, and the owner is told, without a limit", async () => {
  const { browser, id } = await adasBrowser();
  const phone = new Browser(world);
  await phone.signIn(ada);
  for (let n = 0; n < 4; n += 1) await new Browser(world).requestLink(ada);
  const support = await staffBrowser(world, "support");
  expect(await support.run(disableUser, { id, reason })).toEqual({
    ok: true,
    value: { id, email: ada },
  });
  for (const one of [browser, phone])
    expect(await one.run(readSession)).toMatchObject({ value: null });
  expect(await browser.signInWithPassword(ada, validPassword)).toEqual(
    refused("invalid_credentials"),
  );
  const { message } = await world.letterTo(ada);
  expect(message.subject).toBe("Your Latchkey account was disabled");
  expect(message.text).not.toContain(reason);
  expect(message.text).not.toContain("support@example.com");
  await support.run(enableUser, { id, reason });
  for (const one of [browser, phone])
    expect(await one.run(readSession)).toMatchObject({ value: null });
});

test("the reason and both people are on the audit row, and the user sees neither reason nor place", async () => {
  const { id } = await adasBrowser();
  const support = await staffBrowser(world, "support");
  await support.run(disableUser, { id, reason: `  ${reason}\r\n ` });
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "user.disable",
    outcome: "ok",
    subject: id,
    caller: await world.userIdOf("support@example.com"),
    ip: support.ip,
    reason,
  });
  await support.run(disableUser, { id, reason });
  await support.run(enableUser, { id, reason });
  const browser = new Browser(world);
  await browser.signIn(ada);
  const seen = await browser.run(listActivity);
  if (!seen.ok) throw new Error(seen.refusal.code);
  const byStaff = seen.value.events.filter(({ event }) => event.startsWith("user."));
  expect(byStaff).toMatchObject([
    { event: "user.enable", outcome: "ok", ip: null, browser: null },
    { event: "user.disable", outcome: "ok", ip: null, browser: null },
  ]);
  expect(JSON.stringify(seen.value)).not.toContain(reason);
});

test("an account that is disabled already stays as it is, and nobody is told again", async () => {
  const { id } = await adasBrowser();
  const support = await staffBrowser(world, "support");
  await support.run(disableUser, { id, reason });
  await world.deliver();
  expect(await support.run(disableUser, { id, reason })).toEqual(refused("already_done"));
  expect(await world.deliver()).toEqual([]);
});

const acts = [disableUser, enableUser, revokeUserSessions] as const;

test("support acts on members only, an admin on all others, nobody on their own account", async () => {
  const support = await staffBrowser(world, "support");
  const admin = await staffBrowser(world, "admin");
  await staffBrowser(world, "admin", "root@example.com");
  await staffBrowser(world, "support", "colleague@example.com");
  const idOf = (name: string) => world.userIdOf(`${name}@example.com`);
  for (const act of acts) {
    for (const name of ["admin", "colleague"])
      expect(await support.run(act, { id: await idOf(name), reason })).toEqual(
        refused("staff_account"),
      );
    expect(await support.run(act, { id: await idOf("support"), reason })).toEqual(
      refused("own_account"),
    );
    expect(await admin.run(act, { id: await idOf("admin"), reason })).toEqual(
      refused("own_account"),
    );
    for (const name of ["root", "colleague"])
      expect(await admin.run(act, { id: await idOf(name), reason })).toMatchObject({ ok: true });
  }
});

test("for everybody else there is no such flow: members, visitors, former staff and access links", async () => {
  const { browser, id } = await adasBrowser();
  const former = await staffBrowser(world, "admin");
  await setRole(world, "admin@example.com", "member");
  for (const act of [...acts, changeRole])
    for (const other of [browser, new Browser(world), former])
      expect(await other.run(act, { id, role: "admin", reason })).toEqual(refused("not_found"));
});

test("who last authenticated half an hour ago confirms first", async () => {
  const { id } = await adasBrowser();
  const admin = await staffBrowser(world, "admin");
  await world.advance(minutes(30));
  for (const act of acts)
    expect(await admin.run(act, { id, reason })).toEqual(refused("step_up_required"));
  expect(await admin.run(changeRole, { id, role: "support", reason })).toEqual(
    refused("step_up_required"),
  );
});

test("without a reason nothing is done", async () => {
  const { browser, id } = await adasBrowser();
  const support = await staffBrowser(world, "support");
  for (const missing of [undefined, "", " \t\r\n", "\u0000"])
    expect(await support.run(disableUser, { id, reason: missing })).toEqual(
      refused("reason_missing", { field: "reason" }),
    );
  expect(
    await support.run(disableUser, { id, reason: "a".repeat(bounds.reasonLength + 1) }),
  ).toEqual(refused("reason_too_long", { field: "reason" }));
  expect(await browser.run(readSession)).toMatchObject({ value: { email: ada } });
});

test("the last admin cannot be disabled, not by the command line either", async () => {
  const admin = await staffBrowser(world, "admin");
  const id = await world.userIdOf("admin@example.com");
  expect(await runOnCommandLine(world, disableUser, { id, reason })).toEqual(refused("last_admin"));
  expect(await admin.run(readSession)).toMatchObject({ value: { role: "admin" } });
  await staffBrowser(world, "admin", "root@example.com");
  expect(await runOnCommandLine(world, disableUser, { id, reason })).toMatchObject({ ok: true });
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "user.disable",
    caller: null,
    session: null,
    ip: null,
    browser: "command line",
  });
});

test("an id of nobody is not found", async () => {
  const admin = await staffBrowser(world, "admin");
  const id = "00000000-0000-4000-8000-000000000000";
  for (const act of acts) {
    expect(await admin.run(act, { id, reason })).toEqual(refused("not_found"));
    for (const forged of ["1", ada, `/${id}`])
      expect(await admin.run(act, { id: forged, reason })).toEqual(refused("invalid_input"));
  }
});
