import { expect, test } from "./support/test";

const PHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
const LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

test("Ada signs out, and Back shows nothing", async ({ ada, db }) => {
  await ada.signsIn();
  const before = await ada.cookie("session");
  await ada.press("Sign out");
  await ada.isAt("/sign-in");
  await ada.sees("You are signed out.");
  expect(await ada.cookie("session")).toBeUndefined();
  expect(await db.sessionsOf(ada.email)).toHaveLength(0);
  await ada.page.goBack();
  await ada.isAt(/\/sign-in/);
  await expect(ada.page.getByText(ada.email)).toHaveCount(0);

  // Nor does the cookie, had somebody kept it.
  await ada.browser.addCookies([before!]);
  await ada.open("/account");
  await ada.isAt(/\/sign-in\?next=%2Faccount&note=session_ended/);
  await ada.sees("You were signed out here. Sign in to go on.");
});

test("Ada sees her devices and signs out one of them", async ({ ada, another, db }) => {
  await ada.signsIn();
  const phone = await another(ada, PHONE);
  await phone.signsIn();
  await ada.open("/account/sessions");
  const rows = ada.page.getByRole("listitem");
  await expect(rows).toHaveCount(2);
  await expect(rows.filter({ hasText: "This device" })).toHaveCount(1);
  await expect(rows.filter({ hasText: "Safari on iPhone" })).toContainText(
    "signed in with email link",
  );
  await ada.press("Sign out Safari on iPhone");
  await ada.sees("That device is signed out.");
  await expect(rows).toHaveCount(1);

  await phone.open("/account/methods");
  await phone.isAt(/\/sign-in\?next=%2Faccount%2Fmethods&note=session_ended/);
  await phone.sees("You were signed out here. Sign in to go on.");
  await ada.open("/account");
  await ada.isSignedIn();
  expect(await db.sessionsOf(ada.email)).toHaveLength(1);
});

test("Ada signs out everywhere else, after a page that says how many", async ({
  ada,
  another,
  db,
}) => {
  await ada.signsIn();
  const phone = await another(ada, PHONE);
  const laptop = await another(ada, LAPTOP);
  await phone.signsIn();
  await laptop.signsIn();
  await ada.open("/account/sessions");
  await ada.page.getByRole("link", { name: "Sign out everywhere else" }).click();
  await ada.sees("2 other devices will be signed out. This one stays.");
  expect(await db.sessionsOf(ada.email)).toHaveLength(3);
  await ada.press("Sign out everywhere else");
  await ada.isAt("/account/sessions");
  await ada.sees("You are signed out everywhere else.");
  await phone.isSignedOut();
  await laptop.isSignedOut();
  expect(await db.sessionsOf(ada.email)).toHaveLength(1);
});

test("Ada signs out this device from the list", async ({ ada }) => {
  await ada.signsIn();
  await ada.open("/account/sessions");
  await ada.page
    .getByRole("main")
    .getByRole("button", { name: /^Sign out/ })
    .click();
  await ada.isAt("/sign-in");
  await ada.sees("You are signed out.");
});

test("Leo cannot sign out Ada, though he knows the id of her session", async ({ ada, leo, db }) => {
  await ada.signsIn();
  await leo.signsIn();
  const [hers] = await db.sessionsOf(ada.email);
  await leo.open("/account/sessions");
  await leo.page
    .locator("main input[name=id]")
    .evaluate((field, id) => ((field as HTMLInputElement).value = id), hers!.id);
  await leo.page
    .getByRole("main")
    .getByRole("button", { name: /^Sign out/ })
    .click();
  await leo.sees("There is nothing here.");
  await ada.open("/account");
  await ada.isSignedIn();
});

test("looking counts as using, so that a session goes on from day to day", async ({ ada, db }) => {
  await ada.signsIn();
  const [session] = await db.sessionsOf(ada.email);
  await db.age("sessions", "23 hours 59 minutes", { column: "id", is: session!.id });
  await ada.open("/account");
  await ada.isSignedIn();
  // It is written down after the page is out.
  await expect
    .poll(
      () =>
        db.sql`select 1 from sessions where id = ${session!.id} and last_seen_at > now() - interval '1 hour'`,
    )
    .toHaveLength(1);
});

test("a session ends after a day without use", async ({ ada, db }) => {
  await ada.signsIn();
  const [session] = await db.sessionsOf(ada.email);
  await db.age("sessions", "24 hours 1 second", { column: "id", is: session!.id });
  await ada.open("/account");
  await ada.isAt(/note=session_ended/);
});

test("a session ends after 30 days, however busy it was", async ({ ada, db }) => {
  await ada.signsIn();
  const [session] = await db.sessionsOf(ada.email);
  const earlier = (by: string) =>
    db.sql`update sessions set ends_at = ends_at - ${by}::interval where id = ${session!.id}`;
  await earlier("29 days 23 hours 58 minutes");
  await ada.open("/account");
  await ada.isSignedIn();
  await earlier("2 minutes");
  await ada.open("/account");
  await ada.isAt(/note=session_ended/);
});
