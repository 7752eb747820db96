import { expect, test } from "./support/test";

test("an empty or broken address is told beside its field, and nothing is mailed", async ({
  ada,
  db,
}) => {
  const field = ada.page.getByLabel("Email", { exact: true });
  for (const [typed, told] of [
    ["", "Enter your email address."],
    ["ada", "Enter an email address in the form name@example.com."],
    ["ada@b@example.com", "Enter an email address in the form name@example.com."],
    ["ada@exam ple.com", "Enter an email address in the form name@example.com."],
    ["ａda@example.com", "Enter an email address in the form name@example.com."],
  ] as const) {
    await ada.asks({}, typed);
    const summary = ada.page.getByRole("alert").filter({ hasText: told });
    await expect(summary).toBeFocused();
    await expect(summary.getByRole("link", { name: told })).toHaveAttribute("href", "#email");
    await expect(ada.page).toHaveTitle("Error: Sign in to Latchkey · Latchkey");
    await expect(field).toHaveAttribute("aria-invalid", "true");
    await expect(field).toHaveAccessibleDescription(told);
    await expect(field).toHaveValue(typed);
  }
  const [letters] =
    await db.sql`select count(*)::int as n from outbox where to_address like 'ada@%'`;
  expect(letters).toEqual({ n: 0 });
});

test("the sixth request from one network in an hour is refused, and keeps the address", async ({
  ada,
  newAddress,
  db,
}) => {
  for (let n = 0; n < 5; n += 1) {
    await ada.asks({}, newAddress("somebody"));
    await ada.seesTitle("Check your email");
  }
  await ada.asks();
  await ada.seesTitle("Sign in to Latchkey");
  await ada.sees(/Too many requests\. Try again in (1 hour|60 minutes)\./);
  await expect(ada.page.getByLabel("Email", { exact: true })).toHaveValue(ada.email);
  expect(await db.lettersTo(ada.email)).toHaveLength(0);
  await db.ageLimits("1 hour");
  await ada.asks();
  await ada.seesTitle("Check your email");
});

test("a request whose link is used does not count", async ({ ada, leo, newAddress }) => {
  await ada.signsIn();
  for (let n = 0; n < 4; n += 1) await leo.asks({}, newAddress("somebody"));
  await leo.asks();
  await leo.seesTitle("Check your email");
  await leo.readsTheLetter();
});

test("the fourth mail to one address is withheld, and the page is the same", async ({
  ada,
  another,
  db,
}) => {
  for (let n = 0; n < 3; n += 1) {
    const browser = await another(ada);
    await browser.getsALetter();
  }
  await ada.asks();
  await ada.seesTitle("Check your email");
  await ada.sees(`If ${ada.email} can sign in here, a link and a 6-digit code are on the way.`);
  expect((await db.lettersTo(ada.email)).at(-1)).toMatchObject({
    state: "dead",
    reason: "over_limit",
  });

  await ada.open("/mailbox");
  await ada.sees("over the limit");
  await ada.press("Clear all limits");
  await ada.sees("All limits start anew.");
  await ada.signsIn();
});
