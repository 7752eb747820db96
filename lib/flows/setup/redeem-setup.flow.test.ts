import { expect, test } from "vitest";
import { lifetimes } from "@/lib/core/policy";
import { readSession } from "@/lib/flows/sessions/read-session";
import { changeRole } from "@/lib/flows/staff/change-role";
import { listUsers } from "@/lib/flows/staff/list-users";
import { printSetupLink } from "@/lib/server/setup-link";
import { Browser } from "@/test/support/browser";
import { claims, keys } from "@/test/support/oauth-fixtures";
import { race } from "@/test/support/race";
import { count } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { runOnCommandLine, setRole } from "@/test/support/staff";
import { redeemSetup } from "./redeem-setup";

const world = await setUpWorld(keys);
const ada = "ada@example.com";

/** The token of the link that a server prints at its start; undefined for none. */
async function startServer() {
  let printed = "";
  await printSetupLink(world, (text) => (printed += text));
  return /\/l\/setup\/([\w-]{43})\b/.exec(printed)?.[1];
}

async function signedIn(email = ada) {
  const browser = new Browser(world);
  await browser.signIn(email);
  return browser;
}

test("the first admin presses the button of the printed link, and signs in again with the new role", async () => {
  const token = await startServer();
  const [browser, phone] = [await signedIn(), await signedIn()];
  expect(await browser.run(redeemSetup, { token })).toEqual({ ok: true, value: { email: ada } });
  for (const one of [browser, phone])
    expect(await one.run(readSession)).toMatchObject({ value: null });
  expect((await world.letterTo(ada)).message.subject).toBe("You’re now an admin of Latchkey");
  await browser.signIn(ada);
  expect((await browser.run(listUsers)).ok).toBe(true);
  expect(await browser.run(redeemSetup, { token })).toEqual(refused("link_invalid"));
});

test("a server prints no link while there is an admin, and a new one at each start while there is none", async () => {
  const [first, second] = [await startServer(), await startServer()];
  expect(first).not.toBe(second);
  const browser = await signedIn();
  expect(await browser.run(redeemSetup, { token: first })).toEqual(refused("link_invalid"));
  expect((await browser.run(redeemSetup, { token: second })).ok).toBe(true);
  const before = await count(world, "verifications");
  expect(await startServer()).toBeUndefined();
  expect(await count(world, "verifications")).toBe(before);
});

test("an admin who was made by a command voids the link", async () => {
  const token = await startServer();
  const browser = await signedIn();
  await signedIn("root@example.com");
  await runOnCommandLine(world, changeRole, {
    id: await world.userIdOf("root@example.com"),
    role: "admin",
    reason: "The first one",
  });
  expect(await browser.run(redeemSetup, { token })).toEqual(refused("link_invalid"));
});

test("the link is no use after a day, without a session, or for an address that is not verified", async () => {
  const token = await startServer();
  expect(await new Browser(world).run(redeemSetup, { token })).toEqual(refused("sign_in_required"));
  const unverified = new Browser(world);
  await unverified.signInWithProvider("google", claims("g-1", "leo@example.com"));
  expect(await unverified.run(redeemSetup, { token })).toEqual(refused("email_unverified"));
  const browser = await signedIn();
  await world.advance(lifetimes.setupLink);
  const late = await signedIn();
  expect(await late.run(redeemSetup, { token })).toEqual(refused("link_invalid"));
  expect(await browser.run(redeemSetup, { token })).toEqual(refused("sign_in_required"));
});

test("the secret is in no log line, and the audit log says that a link was made and used", async () => {
  const token = (await startServer())!;
  expect(JSON.stringify(world.logged)).not.toContain(token);
  await (await signedIn()).run(redeemSetup, { token });
  const events = (await world.audit()).filter(({ event }) => event.startsWith("setup."));
  expect(events).toMatchObject([
    { event: "setup.issue", caller: null },
    { event: "setup.redeem", outcome: "ok", subject: await world.userIdOf(ada) },
  ]);
});

race("of users who press at once, one becomes an admin", async (number) => {
  for (const name of await rolesOf("admin")) await setRole(world, name, "member");
  const token = await startServer();
  const names = [0, 1, 2].map((n) => `user-${number}-${n}@example.com`);
  const browsers: Browser[] = [];
  for (const name of names) browsers.push(await signedIn(name));
  const results = await Promise.all(browsers.map((one) => one.run(redeemSetup, { token })));
  expect(results.filter(({ ok }) => ok)).toHaveLength(1);
  expect(await rolesOf("admin")).toHaveLength(1);
});

const rolesOf = async (role: string) => {
  const found = await runOnCommandLine(world, listUsers, { status: "staff" });
  return found.ok
    ? found.value.users.filter((user) => user.role === role).map(({ email }) => email)
    : [];
};
