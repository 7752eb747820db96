import type { Client } from "./support/client";
import { textOf } from "./support/forms";
import { Server } from "./support/server";
import { expect, testOnPglite as test } from "./support/test";

const password = "four unrelated words here";

/** Whether the account is shown to whoever looks at it there, and not the way to sign in. */
const isIn = async (client: Client) => (await client.get("/account")).status === 200;

test("every way in works on the embedded database, and sessions outlive a restart and a power cut", async ({
  ada,
  newClient,
  newAddress,
  inbox,
  server,
}) => {
  // By link, by code, by password and by a provider.
  const [byLink, byCode, byPassword] = [newClient(), newClient(), newClient()];
  await byLink.askForLink(ada.email, { remember: "on" });
  await byLink.submit((await inbox.letterTo(ada.email)).path, "Sign in");
  await byCode.askForLink(ada.email);
  const { code } = await inbox.letterTo(ada.email);
  await byCode.submit("/sign-in/check", "Continue", { code });
  const leo = newAddress("leo");
  await byPassword.submit("/sign-up", "Sign up", { email: leo, password });
  const typed = { code: await inbox.codeTo(leo) };
  await byPassword.submit("/verify-email", "Finish signing up", typed);
  await ada.signInWithProvider("LinkedIn", { email: `work-${ada.email}` });
  await ada.seesTitle("Your account");

  await server.restart();
  const everybody = [byLink, byCode, byPassword];
  for (const one of everybody) expect(await isIn(one)).toBe(true);
  expect(textOf((await byPassword.get("/account/methods")).body)).toContain("Password");
  await server.kill();
  await server.start();
  for (const one of everybody) expect(await isIn(one)).toBe(true);
  await ada.open("/account/sessions");
  await ada.sees("Signed in with LinkedIn");

  // What is there can be used: sessions end, and the password opens the account again.
  const others = await byLink.get("/account/sessions/sign-out-others");
  expect(textOf(others.body)).toContain("1 other device will be signed out.");
  await byLink.submit("/account/sessions/sign-out-others", "Sign out everywhere else");
  expect([await isIn(byLink), await isIn(byCode)]).toEqual([true, false]);
  const out = await byPassword.follow(await byPassword.submit("/account", "Sign out"));
  expect(textOf(out.body)).toContain("You’re signed out.");
  const enter = (password: string) =>
    byPassword.submit("/sign-in/password", "Sign in", { email: leo, password });
  const refused = await byPassword.follow(await enter("not this one, surely"));
  expect(textOf(refused.body)).toContain("email and password don’t match");
  await enter(password);
  expect(await isIn(byPassword)).toBe(true);
});

test("a second server on the same data directory gives up in one clear line", async ({
  server,
  client,
}) => {
  const { code, said } = await Server.giveUp({ dataDir: server.dataDir });
  expect(code).toBe(1);
  const textLines = said
    .split("\n")
    .filter(
      (logLine) => logLine.trim() && !/^\s*([▲✓]|- (Local|Network|Environments):)/.test(logLine),
    );
  expect(textLines).toEqual([
    `The embedded database in ${server.dataDir} is in use by another process. Stop that server first, or set DATABASE_URL.`,
  ]);
  expect((await client.get("/sign-in")).status).toBe(200);
});
