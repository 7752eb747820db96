import { Server } from "./support/server";
import { expect, testOnPglite as test } from "./support/test";

test("Ada signs in on the embedded database, and stays signed in over a restart", async ({
  ada,
  another,
  server,
}) => {
  await ada.signsIn({ keep: true });
  await server.restart();
  await ada.open("/account/methods");
  await ada.sees("Email link");
  await server.kill();
  await server.start();
  await ada.open("/account");
  await ada.isSignedIn();

  const phone = await another(ada);
  const { code } = await phone.getsALetter();
  await phone.types(code);
  await phone.isSignedIn();
  await ada.open("/account/sessions/sign-out-others");
  await ada.sees("1 other device will be signed out.");
  await ada.press("Sign out everywhere else");
  await phone.isSignedOut();
  await ada.press("Sign out");
  await ada.sees("You are signed out.");

  await ada.comesBy("LinkedIn", { email: `work-${ada.email}` });
  await ada.seesTitle("Your account");
  await ada.open("/account/sessions");
  await ada.sees("signed in with LinkedIn");
});

test("Ada signs up with a password there, and it outlives a restart as her session does", async ({
  ada,
  another,
  server,
}) => {
  const password = "four unrelated words here";
  await ada.joins(password);
  await ada.signsOut();
  await ada.enters("not this one, surely");
  await ada.sees("do not go together");
  await ada.enters(password);
  await ada.isSignedIn();
  await server.restart();
  await ada.open("/account/methods");
  await ada.sees("Password");
  await server.kill();
  await server.start();
  await ada.open("/account");
  await ada.isSignedIn();
  const phone = await another(ada);
  await phone.enters(password);
  await phone.isSignedIn();
});

test("a second server on the same data directory gives up in one clear line @once", async ({
  server,
  client,
}) => {
  const { code, said } = await Server.giveUp({ dataDir: server.dataDir });
  expect(code).toBe(1);
  const lines = said
    .split("\n")
    .filter((line) => line.trim() && !/^\s*([▲✓]|- (Local|Network|Environments):)/.test(line));
  expect(lines).toEqual([
    `The embedded database in ${server.dataDir} is in use by another process. Stop that server first, or set DATABASE_URL.`,
  ]);
  expect((await client.get("/sign-in")).status).toBe(200);
});
