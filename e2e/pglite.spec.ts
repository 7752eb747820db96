import type { Client } from "./support/client";
import { textOf } from "./support/forms";
import { Server } from "./support/server";
import { expect, testOnPglite as test } from "./support/test";

const password = "four unrelated words here";

/** Whether this client sees the account page instead of a redirect to sign-in. */
const isIn = async (client: Client) => (await client.get("/account")).status === 200;

test("every sign-in method works on the embedded database, and sessions survive a restart and a crash", async ({
  ada,
  newClient,
  newAddress,
  inbox,
  server,
}) => {
  // One browser signs in by link, one by code, one by password, and one with a provider.
  const [byLink, byCode, byPassword] = [newClient(), newClient(), newClient()];
  await byLink.requestLink(ada.email, { remember: "on" });
  await byLink.submit((await inbox.letterTo(ada.email)).path, "Sign in");
  await byCode.requestLink(ada.email);
  const { code } = await inbox.letterTo(ada.email);
  await byCode.submit("/sign-in/check", "Continue", { code });
  const leo = newAddress("leo");
  await byPassword.submit("/sign-up", "Sign up", { email: leo, password });
  const typed = { code: await inbox.codeTo(leo) };
  await byPassword.submit("/verify-email", "Finish signing up", typed);
  await ada.signInWithProvider("LinkedIn", { email: `work-${ada.email}` });
  await ada.seesTitle("Your account");

  await server.restart();
  const browsers = [byLink, byCode, byPassword];
  for (const one of browsers) expect(await isIn(one)).toBe(true);
  expect(textOf((await byPassword.get("/account/methods")).body)).toContain("Password");
  await server.kill();
  await server.start();
  for (const one of browsers) expect(await isIn(one)).toBe(true);
  await ada.open("/account/sessions");
  await ada.sees("Signed in with LinkedIn");

  // The data still works: sessions can be ended, and the password signs Leo in again.
  const others = await byLink.get("/account/sessions/sign-out-others");
  expect(textOf(others.body)).toContain("1 other device will be signed out.");
  await byLink.submit("/account/sessions/sign-out-others", "Sign out everywhere else");
  expect([await isIn(byLink), await isIn(byCode)]).toEqual([true, false]);
  const signedOut = await byPassword.follow(await byPassword.submit("/account", "Sign out"));
  expect(textOf(signedOut.body)).toContain("You’re signed out.");
  const signIn = (password: string) =>
    byPassword.submit("/sign-in/password", "Sign in", { email: leo, password });
  const refused = await byPassword.follow(await signIn("not this one, surely"));
  expect(textOf(refused.body)).toContain("email and password don’t match");
  await signIn(password);
  expect(await isIn(byPassword)).toBe(true);
});

test("a second server on the same data directory exits with one line that says why", async ({
  server,
  client,
}) => {
  const { code, output } = await Server.giveUp({ dataDir: server.dataDir });
  expect(code).toBe(1);
  const errorLines = output
    .split("\n")
    .filter(
      (outputLine) =>
        outputLine.trim() && !/^\s*([▲✓]|- (Local|Network|Environments):)/.test(outputLine),
    );
  expect(errorLines).toEqual([
    `Another process uses the embedded database in ${server.dataDir}. Stop it first, or set DATABASE_URL to use Postgres.`,
  ]);
  expect((await client.get("/sign-in")).status).toBe(200);
});
