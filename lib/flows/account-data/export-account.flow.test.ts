import { expect, test } from "vitest";
import { intervals } from "@/lib/core/policy";
import { setPassword } from "@/lib/flows/password/set-password";
import { updateProfile } from "@/lib/flows/profile/update-profile";
import { listActivity } from "@/lib/flows/activity/list-activity";
import { issueAccessLink } from "@/lib/flows/access-links/issue-access-link";
import { signOut } from "@/lib/flows/sessions/sign-out";
import { enableUser } from "@/lib/flows/staff/enable-user";
import { requestEmailChange } from "@/lib/flows/email-change/request-email-change";
import { undoEmailChange } from "@/lib/flows/email-change/undo-email-change";
import { verifyEmailChange } from "@/lib/flows/email-change/verify-email-change";
import { Browser } from "@/test/support/browser";
import { claims, keys } from "@/test/support/oauth-fixtures";
import { validPassword } from "@/test/support/passwords";
import { hashOf } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { setRole } from "@/test/support/staff";
import { exportAccount } from "./export-account";

const world = await setUpWorld(keys);
const [ada, leo] = ["ada@example.com", "leo@example.com"];
const newAddress = "ada@new.example";

test("the file has everything about ada, and neither a secret nor anything of leo's", async () => {
  await new Browser(world).signUpAndVerify(leo, validPassword);
  const browser = new Browser(world, { ip: "203.0.113.9" });
  await browser.signInWithProvider("google", claims("g-1", ada));
  await browser.run(updateProfile, { name: "Ada", timeZone: "Europe/London" });
  await browser.run(setPassword, { password: validPassword });
  await browser.signIn(ada);
  await browser.run(requestEmailChange, { email: newAddress });
  const { code } = await world.letterTo(newAddress);
  await browser.run(verifyEmailChange, { email: newAddress, code });
  await browser.signInWithProvider("linkedin", claims("l-1", ada));
  const hash = await hashOf(world, newAddress);

  const exported = await browser.run(exportAccount);
  if (!exported.ok) throw new Error(exported.refusal.code);
  expect(exported.value).toMatchObject({
    profile: { address: newAddress, name: "Ada", timeZone: "Europe/London", hasPassword: true },
    sessions: [{ ip: "203.0.113.9", browser: "firefox/linux" }],
    knownDevices: [{}],
    pendingIdentities: [{ provider: "linkedin", subject: "l-1", address: ada }],
    emailChanges: [{ oldAddress: ada, newAddress, undoneAt: null }],
  });
  const { methods, verifications, emails, activity } = exported.value;
  expect(methods.map(({ provider }) => provider).sort()).toEqual(["email", "google", "magic_link"]);
  expect(verifications.map(({ purpose }) => purpose)).toEqual(["email_undo", "email_change"]);
  expect(emails.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(["email_changed", "email_change_code", "magic_link", "password_chosen"]),
  );
  expect(activity.map(({ event }) => event)).toContain("email_change.verify");
  const text = JSON.stringify(exported.value);
  expect(text).not.toMatch(/digest|code_hash|payload|argon2/i);
  for (const secret of [leo, hash!, ...world.secrets.tokens]) expect(text).not.toContain(secret);
});

test("where staff were, what they wrote and what was refused to them is not in the file", async () => {
  const browser = new Browser(world);
  await browser.signUpAndVerify(ada, validPassword);
  const id = await world.userIdOf(ada);
  const support = new Browser(world, { ip: "198.51.100.77", name: "netscape/amiga" });
  await support.signIn("support@example.com");
  await setRole(world, "support@example.com", "support");
  const reason = "She sounds suspicious";
  await support.run(enableUser, { id, reason });
  await support.run(issueAccessLink, { id, reason });
  const exported = await browser.run(exportAccount);
  if (!exported.ok) throw new Error(exported.refusal.code);
  const events = exported.value.activity.map(({ event }) => event);
  expect(events).toContain("access_link.issue");
  expect(events).not.toContain("user.enable");
  const text = JSON.stringify(exported.value);
  for (const secret of ["198.51.100.77", "netscape", reason]) expect(text).not.toContain(secret);
});

test("the file does not tell whether an address that she asked for has an account (L8)", async () => {
  await new Browser(world).signUpAndVerify(leo, validPassword);
  const browser = new Browser(world);
  await browser.signUpAndVerify(ada, validPassword);
  const told = [];
  for (const email of [leo, newAddress]) {
    await browser.run(requestEmailChange, { email });
    await world.deliver();
    const exported = await browser.run(exportAccount);
    if (!exported.ok) throw new Error(exported.refusal.code);
    const { emails, verifications } = exported.value;
    expect(emails.filter(({ to }) => to !== ada)).toEqual([]);
    const { address, ...rest } = verifications[0]!;
    expect(address).toBe(email);
    told.push({ ...rest, id: null, createdAt: null });
  }
  expect(told[0]).toEqual(told[1]);
});

test("of an address that she had once and somebody else has now, the file has nothing", async () => {
  const browser = new Browser(world);
  await browser.signUpAndVerify(ada, validPassword);
  const change = async (email: string) => {
    await browser.run(requestEmailChange, { email });
    const { code } = await world.letterTo(email);
    expect(await browser.run(verifyEmailChange, { email, code })).toMatchObject({ ok: true });
  };
  await change(newAddress);
  const { token } = await world.letterTo(ada);
  await change("ada@third.example");
  expect(await browser.run(undoEmailChange, { token, email: ada })).toMatchObject({ ok: true });
  const other = new Browser(world);
  await other.signIn(newAddress);
  await other.run(signOut);
  await other.signInWithProvider("linkedin", claims("l-9", newAddress));
  await browser.signInWithPassword(ada, validPassword);
  const exported = await browser.run(exportAccount);
  if (!exported.ok) throw new Error(exported.refusal.code);
  const { emails, pendingIdentities } = exported.value;
  expect(emails.map(({ to }) => to)).not.toContain(newAddress);
  expect(pendingIdentities).toEqual([]);
});

test("an authentication of the last 30 minutes is enough, an older one is not", async () => {
  await world.withFrozenTime(async (world) => {
    const browser = new Browser(world);
    await browser.signIn(ada);
    await world.advance(intervals.exportAuth - 1);
    expect(await browser.run(exportAccount)).toMatchObject({ ok: true });
    await world.advance(1);
    expect(await browser.run(exportAccount)).toEqual(refused("step_up_required"));
  });
});

test("a signed-out browser gets no file", async () => {
  expect(await new Browser(world).run(exportAccount)).toEqual(refused("sign_in_required"));
});

test("each download is an event of the audit log, and the user sees it", async () => {
  const browser = new Browser(world, { ip: "203.0.113.9" });
  await browser.signIn(ada);
  const id = await world.userIdOf(ada);
  expect(await browser.run(exportAccount)).toMatchObject({ ok: true });
  const download = { event: "account.export", outcome: "ok" };
  expect((await world.audit()).at(-1)).toMatchObject({
    ...download,
    ...{ subject: id, caller: id, ip: "203.0.113.9" },
  });
  expect(await browser.run(listActivity)).toMatchObject({
    value: { events: [download, { event: "magic_link.redeem" }] },
  });
  await world.advance(intervals.exportAuth);
  const before = await world.audit();
  expect(await browser.run(exportAccount)).toEqual(refused("step_up_required"));
  expect(await world.audit()).toEqual(before);
});

test("nobody gets the file while its event can't be written", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  const statements = await world.statementsOf(() => browser.run(exportAccount));
  world.failDatabaseAfter(statements.length - 1);
  expect(await browser.run(exportAccount)).toEqual(refused("unavailable"));
});
