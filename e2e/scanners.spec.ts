import { Client } from "./support/client";
import { textOf } from "./support/forms";
import { ScannerBot } from "./support/scanner-bot";
import { expect, test } from "./support/test";

test("mail filters look at a link in every way, and Ada still signs in with it", async ({
  client,
  browser,
  server,
  inbox,
  db,
  newAddress,
}) => {
  const email = newAddress("ada");
  await client.askForLink(email);
  const { path } = await inbox.letterTo(email);
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
  for (const table of ["verifications", "sessions", "users", "known_devices", "outbox"])
    expect(after[table], table).toEqual(before[table]);

  await client.submit(path, "Sign in");
  expect((await client.get("/account")).body).toContain(email);
});

const password = "four unrelated words here";
const better = "quite another set of words";
/** All that a press could change. */
const saved = [
  "verifications",
  "sessions",
  "users",
  "auth_providers",
  "known_devices",
  "outbox",
] as const;

test("mail filters press all there is on a reset link, and Ada still sets her password by it", async ({
  client,
  newClient,
  browser,
  server,
  inbox,
  db,
  newAddress,
}) => {
  const email = newAddress("ada");
  await newClient().join(email, password, inbox);
  await client.submit("/password", "Email me a link", { email });
  const { path } = await inbox.letterTo(email);
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
  for (const table of saved) expect(after[table], table).toEqual(before[table]);

  await client.submit(path, "Set password and sign in", { password: better });
  expect((await client.get("/account")).body).toContain(email);
});

test("a step-up link is pressed in vain by whoever did not ask, signed in or not", async ({
  client: ada,
  browser,
  server,
  db,
  inbox,
  newClient,
  newAddress,
}) => {
  const email = newAddress("ada");
  await ada.join(email, password, inbox);
  const [phone, mallory, nobody] = [newClient(), newClient(), new Client(server)];
  await phone.json("/api/v1/sessions", { email, password });
  await mallory.signIn(newAddress("mallory"), inbox);
  await db.sql`update sessions set authenticated_at = now() - interval '601 seconds'`;
  const asked = await ada.submit("/account/confirm", "Email me a link and a code");
  expect(textOf((await ada.follow(asked)).body)).toContain("An email is on its way.");
  const { path, token } = await inbox.letterTo(email);
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
    const response = await client.submit(path, "Yes, it’s me");
    expect((await client.follow(response)).body).toContain("This link can’t be used");
  }
  for (const client of [phone, mallory, nobody]) {
    const { status } = await client.json("/api/v1/session/step-ups", { token });
    expect([400, 401]).toContain(status);
  }
  const after = await db.dump();
  for (const table of saved) expect(after[table], table).toEqual(before[table]);

  expect(ada.whereTo(await ada.get("/account/password"))).toMatch(/^\/account\/prove/);
  await ada.submit(path, "Yes, it’s me");
  expect(textOf((await ada.get("/account/password")).body)).toContain("Set a new password");
});
