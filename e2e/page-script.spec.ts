import type { Page } from "@playwright/test";
import { expect, test } from "./support/test";

test.describe("With script", () => {
  test('the "check your email" page redirects when the link is used in this browser', async ({
    ada,
  }) => {
    const { link } = await ada.requestAndReceiveLink();
    const tab = await ada.browser.newPage();
    await tab.goto(link);
    await tab.getByRole("button", { name: "Sign in", exact: true }).click();
    await ada.isSignedIn();
  });

  test("another tab redirects to the sign-in page after Ada signs out", async ({ ada }) => {
    await ada.startsSignedIn();
    await ada.open("/account");
    const tab = await ada.browser.newPage();
    await tab.goto("/account/sessions");
    await ada.clickButton("Sign out");
    await expect(tab).toHaveURL(/\/sign-in\?next=%2Faccount%2Fsessions/);
    await expect(tab.getByText(ada.email)).toHaveCount(0);
  });

  test("the script removes the token from the address bar, and every button still works", async ({
    ada: phone,
    client,
  }) => {
    await client.requestLink(phone.email);
    const { link, token } = await phone.readsTheLetter();
    await phone.open(link);
    await phone.seesUrl("/l");
    await phone.clickButton("Sign in");
    await phone.sees("That isn’t the address this link was sent to.");
    await phone.seesUrl("/l");
    // Both pages have the same text, so this waits for the new document.
    const loaded = phone.page.waitForEvent("domcontentloaded");
    await phone.clickButton("Cancel this request");
    await loaded;
    await phone.sees("That isn’t the address this link was sent to.");
    await phone.seesUrl("/l");
    expect(await phone.page.evaluate(() => location.href)).not.toContain(token);
    await phone.page.reload();
    await phone.seesTitle("Open the link again");
    await phone.open(link);
    await phone.type("Email", phone.email);
    await phone.clickButton("Sign in");
    await phone.isSignedIn();
  });

  test("a pasted code is submitted automatically", async ({ ada }) => {
    const { code } = await ada.requestAndReceiveLink();
    await ada.page.getByLabel("Code", { exact: true }).focus();
    await paste(ada.page, `الرمز: ${inArabic(code)}.`);
    await ada.isSignedIn();
  });

  test('the button "Send it again" counts down by the clock, and the server judges a press', async ({
    ada,
    db,
  }) => {
    await ada.requestAndReceiveLink();
    const button = ada.page.getByRole("button", { name: /^Send again/ });
    await expect(button).toContainText(/in 0:\d\d/);
    await expect(button).toHaveAttribute("aria-disabled", "true");
    await button.click({ force: true });
    await ada.sees("An email was requested just now.");
    expect(await db.lettersTo(ada.email)).toHaveLength(1);
    // As when a phone has shown another app for a minute: the clock went on, and no timer did.
    await ada.page.evaluate(() => {
      const { now } = Date;
      Date.now = () => now() + 60_000;
    });
    await expect(button).toHaveText("Send again");
    await expect(button).not.toHaveAttribute("aria-disabled");
    await db.advance("verifications", "58 seconds", { column: "identifier", is: ada.email });
    await ada.page.reload();
    await expect(button).toHaveText("Send again");
    await expect(button).not.toHaveAttribute("aria-disabled");
  });

  test("a double click submits a form once", async ({ ada, db }) => {
    await ada.open("/sign-in");
    await ada.type("Email", ada.email);
    await ada.page.getByRole("button", { name: "Email me a sign-in link" }).dblclick();
    await ada.seesTitle("Check your email");
    await expect(ada.page.locator("main [role=alert]")).toHaveCount(0);
    expect(await db.lettersTo(ada.email)).toHaveLength(1);
    await ada.open((await ada.readsTheLetter()).link);
    await ada.page.getByRole("button", { name: "Sign in", exact: true }).dblclick();
    await ada.isSignedIn();
    expect(await db.sessionsOf(ada.email)).toHaveLength(1);
    expect((await db.auditOf(ada.email)).map(({ outcome }) => outcome)).toEqual(["ok", "ok"]);
  });

  test("a form can be submitted again after the browser goes back to it", async ({ ada, db }) => {
    await ada.requestAndReceiveLink();
    await ada.page.goBack();
    await ada.seesTitle("Sign in to Latchkey");
    await db.clearLimits();
    await ada.type("Email", ada.email);
    await ada.clickButton("Email me a sign-in link");
    await ada.seesTitle("Check your email");
    await expect.poll(async () => (await db.lettersTo(ada.email)).length).toBe(2);
  });

  test("no page writes to the console", async ({ ada }) => {
    const messages: string[] = [];
    ada.browser.on("console", (message) => messages.push(message.text()));
    ada.browser.on("weberror", (error) => messages.push(String(error.error())));
    await ada.requestLink({}, "nobody");
    await ada.sees("Enter an email address");
    await ada.startsSignedIn();
    for (const path of [
      "/account",
      "/account/methods",
      "/account/sessions",
      "/account/sessions/sign-out-others",
      "/mailbox",
      "/l",
      "/sign-in/problem",
    ])
      await ada.open(path);
    expect(messages).toEqual([]);
  });
});

/** A code in Arabic digits. */
const inArabic = (code: string) =>
  [...code].map((digit) => String.fromCodePoint(0x0660 + Number(digit))).join("");

/** Inserts text in one input event, as pasting does. */
const paste = (page: Page, text: string) => page.keyboard.insertText(text);
