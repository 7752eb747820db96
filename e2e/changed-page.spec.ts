import type { Person } from "./support/person";
import { expect, test } from "./support/test";

/**
 * Extensions and translators change a page before its scripts run. Our forms must still post; with
 * a framework that hydrates the page, no button would work after that.
 */

const password = "four unrelated words here";

/** Each script runs before the page's own, and sets `isChanged` once it has changed the page. */
const changes = {
  "a password manager that puts an icon beside the address": {
    isInShortPart: true,
    change: () =>
      addEventListener("DOMContentLoaded", () => {
        document.querySelector("#email, form button")?.after(document.createElement("div"));
        Object.assign(globalThis, { isChanged: true });
      }),
  },
  "a translator that wraps all text": {
    isInShortPart: false,
    change: () =>
      addEventListener("DOMContentLoaded", () => {
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const texts: Text[] = [];
        while (walker.nextNode()) texts.push(walker.currentNode as Text);
        for (const text of texts) {
          if (!text.data.trim() || text.parentElement?.closest("script, style, noscript")) continue;
          const font = document.createElement("font");
          text.replaceWith(font);
          font.append(text);
        }
        Object.assign(globalThis, { isChanged: true });
      }),
  },
};

/** Waits until the page is changed and all scripts have run. */
async function changed({ page }: Person) {
  await page.waitForLoadState("networkidle");
  expect(await page.evaluate(() => "isChanged" in globalThis)).toBe(true);
}

for (const [what, { change, isInShortPart }] of Object.entries(changes))
  test.describe(`With ${what}`, () => {
    test(
      "Ada signs in by link and by code, and signs out",
      { tag: "@long" },
      async ({ another, newAddress }) => {
        const ada = await another({ email: newAddress("ada") }, "a browser with an extension");
        await ada.browser.addInitScript(change);
        await ada.open("/sign-in");
        await changed(ada);
        await ada.type("Email", ada.email);
        await ada.clickButton("Email me a sign-in link");
        await ada.seesTitle("Check your email");
        await changed(ada);
        await ada.submitCode((await ada.readsTheLetter()).code);
        await ada.isSignedIn();
        await changed(ada);
        await ada.signOut();

        const phone = await another(ada, "another with that extension");
        await phone.browser.addInitScript(change);
        const { link } = await phone.requestAndReceiveLink();
        await phone.open(link);
        await changed(phone);
        await phone.clickButton("Sign in");
        await phone.isSignedIn();
        await changed(phone);
        await phone.signOut();
      },
    );

    test(
      "Ada signs up and in with a password, and changes it",
      isInShortPart ? {} : { tag: "@long" },
      async ({ another, newAddress }) => {
        const ada = await another({ email: newAddress("ada") }, "a browser with an extension");
        await ada.browser.addInitScript(change);
        await ada.open("/sign-up");
        await changed(ada);
        await ada.type("Email", ada.email);
        await ada.type("New password", password);
        await ada.clickButton("Sign up");
        await ada.seesTitle("Check your email");
        await changed(ada);
        await ada.submitCode(await ada.readsTheCode(), "Finish signing up");
        await ada.isSignedIn();
        await ada.open("/account/password");
        await changed(ada);
        await ada.type("New password", "quite another set of words");
        await ada.clickButton("Set password");
        await ada.sees("Your password is set.");
        await changed(ada);
        await ada.signOut();
        await ada.open("/sign-in/password");
        await changed(ada);
        await ada.type("Email", ada.email);
        await ada.type("Password", "quite another set of words");
        await ada.clickButton("Sign in");
        await ada.isSignedIn();
      },
    );
  });
