import { expect, test } from "./support/test";

test("times are in the time zone of the person's browser, which is named, else in UTC, or in the chosen one", async ({
  browser,
  server,
  client,
  inbox,
  newAddress,
}) => {
  await client.signIn(newAddress("ada"), inbox);
  const context = await browser.newContext({
    baseURL: server.origin,
    timezoneId: "America/New_York",
  });
  await context.addCookies(
    [...client.jar].map(([name, value]) => ({ name, value, url: server.origin })),
  );
  const page = await context.newPage();
  const lastSignIn = page.locator("main time").first();
  await page.goto("/account");
  await expect(lastSignIn).toHaveText(/^\d{1,2} \w{3,4} \d{4}, \d\d:\d\d UTC$/);
  const at = await lastSignIn.getAttribute("datetime");
  await page.reload();
  await expect(lastSignIn).toHaveText(/^\d{1,2} \w{3,4} \d{4}, \d\d:\d\d GMT-[45]$/);
  await expect(lastSignIn).toHaveAttribute("datetime", at!);
  const cookie = (await context.cookies()).find(({ name }) => name === "latchkey-time-zone");
  expect(cookie).toMatchObject({ value: "America/New_York", path: "/", sameSite: "Lax" });
  await client.send("/api/v1/profile", {
    method: "PUT",
    body: JSON.stringify({ name: "", timeZone: "Asia/Tokyo" }),
    headers: { "content-type": "application/json" },
  });
  await page.reload();
  await expect(lastSignIn).toHaveText(/^\d{1,2} \w{3,4} \d{4}, \d\d:\d\d GMT\+9$/);
  await expect(lastSignIn).toHaveAttribute("datetime", at!);
  await context.close();
});
