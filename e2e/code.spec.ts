import type { Page } from "@playwright/test";
import { expect, test } from "./support/test";

const otherThan = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

test("a wrong code is told beside the field, and the right one still works", async ({
  ada,
  db,
}) => {
  const { code } = await ada.getsALetter();
  await ada.types(otherThan(code));
  await ada.sees("That code is not right");
  await expect(ada.page).toHaveTitle(/^Error: Check your email/);
  await expect(ada.page.getByLabel("Code", { exact: true })).toHaveAttribute(
    "aria-describedby",
    /code-error/,
  );
  expect(await db.verificationsOf(ada.email)).toMatchObject([{ state: "live", tries: 1 }]);
  await ada.types(code);
  await ada.isSignedIn();
});

test("five wrong codes spend the code, and the link still works", async ({ ada, db }) => {
  const { code, link } = await ada.getsALetter();
  for (let tries = 1; tries <= 5; tries += 1) {
    await ada.types(otherThan(code));
    await expect.poll(() => db.verificationsOf(ada.email)).toMatchObject([{ tries }]);
    if (tries < 5) await ada.sees("That code is not right");
  }
  await ada.sees("This code has been tried too often. A link in the same mail still works");
  await expect(ada.page.getByLabel("Code", { exact: true })).toHaveCount(0);
  await ada.open(link);
  await ada.press("Sign in");
  await ada.isSignedIn();
});

test("a code without six digits costs no try", async ({ ada, db }) => {
  await ada.getsALetter();
  for (const typed of ["", "12345", "abcdef", "1234567"]) {
    if (typed === "1234567" && (await scriptsRun(ada.page))) continue; // The field keeps six.
    await ada.types(typed);
    await ada.sees("Enter the 6 digits from the mail.");
  }
  expect(await db.verificationsOf(ada.email)).toMatchObject([{ tries: 0 }]);
});

test("a code works for ten minutes", async ({ ada, db }) => {
  const { code, link } = await ada.getsALetter();
  await db.age("verifications", "10 minutes 1 second", { column: "identifier", is: ada.email });
  await ada.types(code);
  await ada.sees("That code is not right");
  await ada.open(link);
  await ada.press("Sign in");
  await ada.isSignedIn();
});

test("a code works in no other browser", async ({ ada, mallory, db }) => {
  const { code } = await ada.getsALetter();
  await mallory.open("/sign-in/check");
  await mallory.isAt("/sign-in");
  // Mallory has a page of her own to type it on, and turns it into Ada's.
  await mallory.getsALetter();
  await mallory.page
    .locator("input[name=email]")
    .first()
    .evaluate((field, email) => ((field as HTMLInputElement).value = email), ada.email);
  await mallory.types(code);
  await mallory.sees("That code is not right");
  expect(await db.verificationsOf(ada.email)).toMatchObject([{ state: "live", tries: 0 }]);
  await ada.types(code);
  await ada.isSignedIn();
});

test("asking again at once is told to wait, and is possible after a minute", async ({
  ada,
  db,
}) => {
  await ada.getsALetter();
  await ada.asks();
  await ada.isAt("/sign-in/check");
  await ada.sees(/A mail was asked for just now. You can ask again in \d+ seconds?\.|1 minute\./);
  expect(await db.lettersTo(ada.email)).toHaveLength(1);
  await db.ageLimits("61 seconds");
  await db.age("verifications", "61 seconds", { column: "identifier", is: ada.email });
  await ada.open("/sign-in/check");
  await ada.press("Send it again");
  await ada.types((await ada.readsTheLetter()).code);
  await ada.isSignedIn();
});

const scriptsRun = (page: Page) =>
  page.evaluate(() => typeof history.state === "object" && "__NA" in (history.state ?? {}));
