import type { Page } from "@playwright/test";
import { messagesIn } from "@/messages";
import { expect, test } from "./support/test";

const { message } = messagesIn("en");
const said = {
  minLength: 12,
  strongLength: 16,
  missing: Array.from({ length: 11 }, (_, at) => message("password.missing", { missing: at + 1 })),
  enough: message("password.enough"),
  strong: message("password.strong"),
};

/** The markup of PasswordField and CodeField, as far as the scripts use it. */
const markup = `<!doctype html>
<html lang="en">
<title>Made up</title>
<form method="post">
  <input data-code aria-label="Code" name="code">
  <div class="field">
    <label for="password">New password</label>
    <input id="password" name="password" type="password">
    <button type="button" data-show aria-pressed="false" hidden>Show<span> password</span></button>
    <p><strong aria-live="polite" data-length='${JSON.stringify(said)}'></strong></p>
  </div>
  <button type="submit">Continue</button>
</form>
<script src="/latchkey/latchkey.js" defer></script>
<script src="/latchkey/password.js" defer></script>
<script src="/latchkey/password.js" defer></script>`;

/** Opens that page on the server's origin; collects what it posts, and stays on the page. */
async function open(page: Page) {
  const posted: string[] = [];
  await page.route("**/made-up", (route) => {
    if (route.request().method() === "GET")
      return route.fulfill({ contentType: "text/html", body: markup });
    posted.push(route.request().postData() ?? "");
    return route.fulfill({ status: 204 });
  });
  await page.goto("/made-up");
  return posted;
}

test.describe("A password field with script", () => {
  test("shows the password on request, and hides it again on request and on submit", async ({
    ada,
  }) => {
    const { page } = ada;
    const posted = await open(page);
    const field = page.getByLabel("New password");
    const button = page.getByRole("button", { name: "Show password" });
    await field.fill("wet gravel, warm bread");
    await expect(field).toHaveAttribute("type", "password");
    await expect(button).toHaveAttribute("aria-pressed", "false");
    await page.getByRole("button", { name: "Show password" }).press("Enter");
    await expect(field).toHaveAttribute("type", "text");
    await expect(field).toHaveValue("wet gravel, warm bread");
    await expect(button).toHaveAttribute("aria-pressed", "true");
    await expect(button).toBeFocused();
    await button.click();
    await expect(field).toHaveAttribute("type", "password");
    await button.click();
    await page.getByLabel("New password").press("Enter");
    await expect(field).toHaveAttribute("type", "password");
    await expect(button).toHaveAttribute("aria-pressed", "false");
    await expect.poll(() => posted).toEqual(["code=&password=wet+gravel%2C+warm+bread"]);
  });

  test("hides the password when the browser leaves the page", async ({ ada }) => {
    const { page } = ada;
    await open(page);
    await page.getByLabel("New password").fill("wet gravel, warm bread");
    await page.getByRole("button", { name: "Show password" }).click();
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide")));
    await expect(page.getByLabel("New password")).toHaveAttribute("type", "password");
  });

  test("shows how many characters are missing, and nothing else about the password", async ({
    ada,
  }) => {
    const { page } = ada;
    await open(page);
    const status = page.locator("[aria-live]");
    for (const [typed, expected] of [
      ["", ""],
      ["wet", "9 more characters needed."],
      ["wet gravel,", "1 more character needed."],
      ["wet gravel, ", "Long enough."],
      ["wet gravel, warm", "Good length."],
      ["🐴🔋📎✅🌙🎻🧲🦑🪁🛶🧊", "1 more character needed."],
      // Counts like the server: "é" is one character in either normalisation.
      ["e\u0301".repeat(12), "Long enough."],
      ["", ""],
    ] as const) {
      await page.getByLabel("New password").fill(typed);
      await expect(status).toHaveText(expected);
    }
  });

  test("fills in a pasted code without submitting the form", async ({ ada }) => {
    const { page } = ada;
    const posted = await open(page);
    for (const pasted of ["482 193", "\uff14\uff18\uff12\uff11\uff19\uff13", "Code: 482193."]) {
      await page.getByLabel("Code").fill(pasted);
      await expect(page.getByLabel("Code")).toHaveValue("482193");
    }
    await page.getByLabel("New password").fill("wet gravel, warm bread");
    await expect(page.locator("[aria-live]")).toHaveText(said.strong);
    expect(posted).toEqual([]);
    await page.getByRole("button", { name: "Continue" }).click();
    await expect.poll(() => posted).toHaveLength(1);
  });
});
