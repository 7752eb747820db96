import { Client } from "./support/client";
import { ScannerBot } from "./support/scanner-bot";
import { expect, test } from "./support/test";

test("mail filters look at a link in every way, and Ada still signs in with it", async ({
  ada,
  browser,
  server,
  db,
}) => {
  const { link, path } = await ada.getsALetter();
  const bot = new ScannerBot(server, browser);
  await expect.poll(() => db.isQuiet()).toBe(true);
  const before = await db.dump();

  const cookies = [
    ...(await bot.looks(path, "HEAD")),
    ...(await bot.looks(path, "GET")),
    ...(await bot.looks(path, "OPTIONS")),
    ...(await bot.prefetches(path)),
    ...(await bot.renders(path)),
  ];
  expect(cookies).toEqual([]);
  expect(await db.dump()).toEqual(before);

  // Pressing is told apart from signing in only by the address, which no filter types.
  const pressed = await bot.pressesEverything(path);
  expect(pressed).not.toContain("latchkey-session");
  const after = await db.dump();
  for (const table of ["verifications", "sessions", "users", "device_marks", "outbox"])
    expect(after[table], table).toEqual(before[table]);

  await ada.open(link);
  await ada.press("Sign in");
  await ada.isSignedIn();
});

const password = "four unrelated words here";
const better = "quite another set of words";
/** All that a press could change. */
const kept = [
  "verifications",
  "sessions",
  "users",
  "auth_providers",
  "device_marks",
  "outbox",
] as const;

test("mail filters press all there is on a reset link, and Ada still sets her password by it", async ({
  ada,
  browser,
  server,
  db,
}) => {
  await ada.joins(password);
  await ada.signsOut();
  await ada.open("/password");
  await ada.type("Email", ada.email);
  await ada.press("Email me a link");
  const { link, path } = await ada.readsTheLetter();
  const bot = new ScannerBot(server, browser);
  await expect.poll(() => db.isQuiet()).toBe(true);
  const before = await db.dump();
  const cookies = [
    ...(await bot.looks(path, "HEAD")),
    ...(await bot.looks(path, "OPTIONS")),
    ...(await bot.prefetches(path)),
    ...(await bot.renders(path)),
  ];
  expect(cookies).toEqual([]);
  expect(await db.dump()).toEqual(before);
  expect(await bot.pressesEverything(path)).not.toContain("latchkey-session");
  const after = await db.dump();
  for (const table of kept) expect(after[table], table).toEqual(before[table]);

  await ada.open(link);
  await ada.type("New password", better);
  await ada.press("Set password and sign in");
  await ada.isSignedIn();
});

test("a step-up link is pressed in vain by whoever did not ask, signed in or not", async ({
  ada,
  browser,
  server,
  db,
  inbox,
  newClient,
  newAddress,
}) => {
  await ada.joins(password);
  const [phone, mallory, nobody] = [newClient(), newClient(), new Client(server)];
  await phone.json("/api/v1/sessions", { email: ada.email, password });
  await mallory.signIn(newAddress("mallory"), inbox);
  await db.sql`update sessions set authenticated_at = now() - interval '601 seconds'`;
  await ada.open("/account/password");
  await ada.press("Email me a link and a code");
  await ada.sees("A mail is on the way.");
  const { link, path, token } = await ada.readsTheLetter();
  const bot = new ScannerBot(server, browser);
  await expect.poll(() => db.isQuiet()).toBe(true);
  const before = await db.dump();
  const cookies = [
    ...(await bot.looks(path, "HEAD")),
    ...(await bot.prefetches(path)),
    ...(await bot.renders(path)),
  ];
  expect(cookies).toEqual([]);
  expect(await db.dump()).toEqual(before);
  // Whoever is not signed in finds nothing to press.
  await bot.pressesEverything(path, 0);
  for (const client of [phone, mallory]) {
    const answer = await client.submit(path, "It is me");
    expect((await client.follow(answer)).body).toContain("This link can’t be used");
  }
  for (const client of [phone, mallory, nobody]) {
    const { status } = await client.json("/api/v1/session/proofs", { token });
    expect([400, 401]).toContain(status);
  }
  const after = await db.dump();
  for (const table of kept) expect(after[table], table).toEqual(before[table]);

  await ada.open(link);
  await ada.press("It is me");
  await ada.open("/account/password");
  await ada.seesTitle("Set a new password");
});
