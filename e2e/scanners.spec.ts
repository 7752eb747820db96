import { Client } from "./support/client";
import { formWith, textOf } from "./support/forms";
import { ScannerBot } from "./support/scanner-bot";
import { expect, test } from "./support/test";
import { insertDeletedUser, insertEmailChangeStop, insertEmailUndo } from "./support/undo-links";

/** Every browser gets them, from a page and from its script; they say nothing about a user. */
const cookiesOfAnyBrowser = ["latchkey-mail_request", "latchkey-time-zone"];
const ofOneUser = (name: string) => !cookiesOfAnyBrowser.includes(name);

test("Ada still signs in with a link that mail filters have fetched and submitted", async ({
  client,
  browser,
  server,
  inbox,
  db,
  newAddress,
}) => {
  const email = newAddress("ada");
  await client.requestLink(email);
  const { path } = await inbox.letterTo(email);
  const bot = new ScannerBot(server, browser);
  await expect.poll(() => db.isOutboxEmpty()).toBe(true);
  const before = await db.dump();

  const cookies = [
    ...(await bot.looks(path, "HEAD")),
    ...(await bot.looks(path, "GET")),
    ...(await bot.looks(path, "OPTIONS")),
    ...(await bot.prefetches(path)),
    ...(await bot.renders(path)),
  ];
  expect(cookies.filter(ofOneUser)).toEqual([]);
  expect(await db.dump()).toEqual(before);

  // In another browser the form also needs Ada's address, which the filter does not know.
  const received = await bot.submitsEverything(path);
  expect(received).not.toContain("latchkey-session");
  const after = await db.dump();
  for (const table of ["verifications", "sessions", "users", "known_devices", "outbox"])
    expect(after[table], table).toEqual(before[table]);

  await client.submit(path, "Sign in");
  expect((await client.get("/account")).body).toContain(email);
});

const password = "four unrelated words here";
const better = "quite another set of words";
/** The tables that a submitted form could change. */
const unchangedTables = [
  "verifications",
  "sessions",
  "users",
  "auth_providers",
  "known_devices",
  "outbox",
] as const;

test("Ada still sets her password with a reset link that mail filters have submitted", async ({
  client,
  newClient,
  browser,
  server,
  inbox,
  db,
  newAddress,
}) => {
  const email = newAddress("ada");
  await newClient().signUpAndVerify(email, password, inbox);
  await client.submit("/password", "Email me a link", { email });
  const { path } = await inbox.letterTo(email);
  const bot = new ScannerBot(server, browser);
  await expect.poll(() => db.isOutboxEmpty()).toBe(true);
  const before = await db.dump();
  const cookies = [
    ...(await bot.looks(path, "HEAD")),
    ...(await bot.looks(path, "OPTIONS")),
    ...(await bot.prefetches(path)),
    ...(await bot.renders(path)),
  ];
  expect(cookies.filter(ofOneUser)).toEqual([]);
  expect(await db.dump()).toEqual(before);
  expect(await bot.submitsEverything(path)).not.toContain("latchkey-session");
  const after = await db.dump();
  for (const table of unchangedTables) expect(after[table], table).toEqual(before[table]);

  await client.submit(path, "Set password and sign in", { password: better });
  expect((await client.get("/account")).body).toContain(email);
});

test("a sign-in stays as it is when mail filters submit the link that reports it", async ({
  client: ada,
  browser,
  server,
  inbox,
  db,
  newClient,
  newAddress,
}) => {
  const email = newAddress("ada");
  await newClient().signUpAndVerify(email, password, inbox);
  await ada.json("/api/v1/sessions", { email, password });
  const path = await inbox.reportTo(email);
  const bot = new ScannerBot(server, browser);
  await expect.poll(() => db.isOutboxEmpty()).toBe(true);
  const before = await db.dump();
  await bot.looks(path, "HEAD");
  await bot.renders(path);
  await bot.submitsEverything(path);
  const after = await db.dump();
  for (const table of unchangedTables) expect(after[table], table).toEqual(before[table]);
  expect((await ada.get("/account")).body).toContain(email);
});

test("a step-up link has no effect in another session or without one", async ({
  client: ada,
  browser,
  server,
  db,
  inbox,
  newClient,
  newAddress,
}) => {
  const email = newAddress("ada");
  await ada.signUpAndVerify(email, password, inbox);
  const [phone, mallory, signedOut] = [newClient(), newClient(), new Client(server)];
  await phone.json("/api/v1/sessions", { email, password });
  await mallory.signIn(newAddress("mallory"), inbox);
  await db.sql`update sessions set authenticated_at = now() - interval '601 seconds'`;
  const asked = await ada.submit("/account/confirm", "Email me a link and a code");
  expect(textOf((await ada.follow(asked)).body)).toContain("An email is on its way.");
  const { path, token } = await inbox.letterTo(email);
  const bot = new ScannerBot(server, browser);
  await expect.poll(() => db.isOutboxEmpty()).toBe(true);
  const before = await db.dump();
  const cookies = [
    ...(await bot.looks(path, "HEAD")),
    ...(await bot.prefetches(path)),
    ...(await bot.renders(path)),
  ];
  expect(cookies.filter(ofOneUser)).toEqual([]);
  expect(await db.dump()).toEqual(before);
  // Without a session the page has no form.
  await bot.submitsEverything(path, 0);
  const form = formWith((await ada.get(path)).body, "Yes, it’s me");
  for (const [client, refusal] of [
    [phone, "This link can’t be used"],
    [mallory, "You’re now signed in as"],
  ] as const) {
    expect((await client.get(path)).body).toContain("This link can’t be used");
    const response = await client.post(path, form);
    expect(textOf((await client.follow(response)).body)).toContain(refusal);
  }
  for (const client of [phone, mallory, signedOut]) {
    const { status } = await client.json("/api/v1/session/step-ups", { token });
    expect([400, 401]).toContain(status);
  }
  const after = await db.dump();
  for (const table of unchangedTables) expect(after[table], table).toEqual(before[table]);

  expect(ada.whereTo(await ada.get("/account/password"))).toMatch(/^\/account\/confirm/);
  await ada.submit(path, "Yes, it’s me");
  expect(textOf((await ada.get("/account/password")).body)).toContain("Set a new password");
});

test("links that undo a change or a deletion have no effect when mail filters submit them", async ({
  client,
  browser,
  server,
  db,
  inbox,
  newAddress,
}) => {
  const [email, gone] = [newAddress("ada"), newAddress("gone")];
  await client.signIn(email, inbox);
  const links = [
    await insertEmailUndo(db, email, { oldEmail: newAddress("old") }),
    await insertDeletedUser(db, gone),
    await insertEmailChangeStop(db, email),
  ];
  const bot = new ScannerBot(server, browser);
  await expect.poll(() => db.isOutboxEmpty()).toBe(true);
  const stateOf = async () => {
    const dump = await db.dump();
    return [...unchangedTables, "email_changes"].map((table) => dump[table]);
  };
  const before = await stateOf();
  for (const { path } of links) {
    const cookies = [
      ...(await bot.looks(path, "HEAD")),
      ...(await bot.prefetches(path)),
      ...(await bot.renders(path)),
    ];
    expect(cookies.filter(ofOneUser)).toEqual([]);
    expect(await bot.submitsEverything(path)).not.toContain("latchkey-session");
    expect(await stateOf()).toEqual(before);
  }
});
