import { expect, test } from "vitest";
import { lifetimes, limits } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { count, forgetLimits, lettersOf } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { runOnCommandLine, staffBrowser } from "@/test/support/staff";
import { testEnv } from "@/test/support/world";
import { cancelInvitation } from "./cancel-invitation";
import { listInvitations } from "./list-invitations";
import { sendInvitation } from "./send-invitation";

const world = await setUpWorld();
const closed = world.with({ env: testEnv({ SIGN_UP: "closed" }) });
const ada = "ada@example.com";

test("where sign-up is closed, who was invited gets an account by signing in, and others do not", async () => {
  const support = await staffBrowser(world, "support");
  expect(await support.run(sendInvitation, { email: " Ada@Example.com " })).toEqual({
    ok: true,
    value: { email: ada },
  });
  const { message, token, code } = await world.letterTo(ada);
  expect(message.subject).toBe("You’re invited to Latchkey");
  expect(message.text).toContain("http://localhost:3000/sign-in");
  expect([token, code]).toEqual(["", ""]);
  for (const email of [ada, "leo@example.com"])
    expect((await new Browser(closed).requestLink(email)).ok).toBe(true);
  expect(await lettersOf(closed, "leo@example.com")).toEqual(["sign_up_link dead no_account"]);
  const browser = new Browser(closed);
  await browser.requestLink(ada);
  expect(await browser.openLink(await closed.letterTo(ada))).toMatchObject({ ok: true });
  expect(await support.run(listInvitations)).toEqual({
    ok: true,
    value: { invitations: [], next: null },
  });
});

test("a request runs the same statements for an invited address as for any other", async () => {
  const support = await staffBrowser(world, "support");
  await support.run(sendInvitation, { email: ada });
  const [invited, other] = [
    await closed.statementsOf(() => new Browser(closed).requestLink(ada)),
    await closed.statementsOf(() => new Browser(closed).requestLink("leo@example.com")),
  ];
  expect(invited).toEqual(other);
});

test("an invitation ends after a week, and when it is cancelled: an older link creates no account then", async () => {
  const support = await staffBrowser(world, "support");
  await support.run(sendInvitation, { email: ada });
  const [browser, again] = [new Browser(closed), new Browser(closed)];
  await browser.requestLink(ada);
  await closed.deliver();
  const letter = closed.lettersTo(ada).at(-1)!;
  const listed = await support.run(listInvitations);
  const id = listed.ok && listed.value.invitations[0]!.id;
  expect(listed).toMatchObject({
    value: { invitations: [{ email: ada, by: "support@example.com" }] },
  });
  expect(await support.run(cancelInvitation, { id })).toMatchObject({ ok: true });
  expect(await browser.openLink(letter)).toEqual(refused("sign_up_closed"));
  await support.run(sendInvitation, { email: ada });
  await world.deliver();
  await world.advance(lifetimes.invitation);
  await again.requestLink(ada);
  expect((await lettersOf(closed, ada)).at(-1)).toBe("sign_up_link dead no_account");
  expect(await count(world, "users")).toBe(1);
});

test("who has an account is not invited, and a member of staff invites so many an hour", async () => {
  await new Browser(world).signIn(ada);
  const support = await staffBrowser(world, "support");
  expect(await support.run(sendInvitation, { email: ada })).toEqual(
    refused("has_account", { field: "email" }),
  );
  for (const email of ["", "ada", undefined])
    expect(await support.run(sendInvitation, { email })).toMatchObject({ ok: false });
  for (let n = 1; n < limits.invitationsPerStaff.max; n += 1)
    expect((await support.run(sendInvitation, { email: `leo-${n}@example.com` })).ok).toBe(true);
  expect(await support.run(sendInvitation, { email: "leo@example.com" })).toEqual(
    refused("too_many_requests"),
  );
  await forgetLimits(world);
});

test("an invitation on the command line has no inviter; for everybody else there is no such flow", async () => {
  expect(await runOnCommandLine(world, sendInvitation, { email: ada })).toMatchObject({ ok: true });
  expect(await runOnCommandLine(world, listInvitations, {})).toMatchObject({
    value: { invitations: [{ email: ada, by: null }] },
  });
  const leo = new Browser(world);
  await leo.signIn("leo@example.com");
  expect(await leo.run(sendInvitation, { email: "eve@example.com" })).toEqual(refused("not_found"));
});
