import { expect, test } from "vitest";
import { hours } from "@/lib/core/duration";
import { Browser } from "@/test/support/browser";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { staffBrowser } from "@/test/support/staff";
import { readUser } from "./read-user";
import { revokeUserSessions } from "./revoke-user-sessions";

const world = await setUpWorld();
const ada = "ada@example.com";

async function read(browser: Browser, input: Record<string, unknown>) {
  const result = await browser.run(readUser, input);
  if (!result.ok) throw new Error(result.refusal.code);
  return result.value;
}

test("staff see methods, sessions, emails with their reasons and events of a user, and no secret", async () => {
  await new Browser(world, { ip: "203.0.113.9" }).signUpAndVerify(ada, validPassword);
  await new Browser(world).signInWithPassword(ada, otherPassword);
  for (let n = 0; n < 4; n += 1) await new Browser(world).requestLink(ada);
  await new Browser(world).signIn("leo@example.com");
  const support = await staffBrowser(world, "support");
  const shown = await read(support, { id: await world.userIdOf(ada) });
  expect(shown).toMatchObject({
    user: { email: ada, role: "member", disabledAt: null },
    methods: [{ provider: "email", isUsable: true }],
    sessions: [{ ip: "203.0.113.9", browser: "firefox/linux" }],
    mayAct: true,
    mayChangeRole: false,
    next: null,
  });
  expect(shown.letters.map(({ kind, state, reason }) => [kind, state, reason])).toEqual([
    ["magic_link", "dead", "over_limit"],
    ["magic_link", "sent", null],
    ["magic_link", "sent", null],
    ["magic_link", "sent", null],
    ["sign_up_code", "sent", null],
  ]);
  expect(shown.events.map(({ event, outcome }) => `${event} ${outcome}`)).toEqual([
    ...Array(4).fill("magic_link.request ok"),
    "password.sign_in invalid_credentials",
    "sign_up.verify ok",
  ]);
  expect(JSON.stringify(shown)).not.toMatch(/digest|argon2|payload|rendered/i);
});

test("who did it and why is beside each act of staff, and what may be done depends on who asks", async () => {
  await new Browser(world).signIn(ada);
  const support = await staffBrowser(world, "support");
  const admin = await staffBrowser(world, "admin");
  const id = await world.userIdOf(ada);
  await support.run(revokeUserSessions, { id, reason: "Her phone was stolen" });
  const shown = await read(admin, { id });
  expect(shown.events[0]).toMatchObject({
    event: "user.revoke_sessions",
    by: "support@example.com",
    reason: "Her phone was stolen",
  });
  expect(shown).toMatchObject({ sessions: [], mayAct: true, mayChangeRole: true });
  const own = { id: await world.userIdOf("admin@example.com") };
  expect(await read(admin, own)).toMatchObject({ mayAct: false, mayChangeRole: false });
  expect(await read(support, own)).toMatchObject({ mayAct: false, mayChangeRole: false });
});

test("for everybody else there is no such page, and a forged id or cursor finds nothing", async () => {
  const member = new Browser(world);
  await member.signIn(ada);
  const id = await world.userIdOf(ada);
  for (const browser of [member, new Browser(world)])
    expect(await browser.run(readUser, { id })).toEqual(refused("not_found"));
  const support = await staffBrowser(world, "support");
  for (const forged of ["1", ada, "00000000-0000-4000-8000-000000000000"])
    expect(await support.run(readUser, { id: forged })).toEqual(refused("not_found"));
  expect(await support.run(readUser, { id, before: "1e3" })).toEqual(refused("invalid_input"));
  const own = await read(support, { id: await world.userIdOf("support@example.com") });
  expect((await read(support, { id, before: String(own.events[0]!.id) })).events).toEqual([]);
  await world.advance(hours(12));
  expect(await support.run(readUser, { id })).toEqual(refused("step_up_required"));
});
