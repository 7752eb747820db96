import { ScannerBot } from "./support/scanner-bot";
import { expect, test } from "./support/test";

test("mail filters look at a link in every way, and Ada still signs in with it @once", async ({
  ada,
  browser,
  server,
  db,
}) => {
  test.setTimeout(60_000);
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
