import { expect, test } from "./support/test";

const password = "four unrelated words here";

test("one account behind every way in: Google, a link, LinkedIn, a password", async ({
  ada,
  db,
}) => {
  await ada.comesBy("Google");
  await ada.isSignedIn();
  await ada.signsOut();
  await ada.signsIn();
  expect(await db.users(ada.email)).toBe(1);

  await ada.open("/account/methods");
  await ada.press("Connect LinkedIn");
  await ada.chooses({ email: `work-${ada.email}` });
  await ada.seesTitle("Connect LinkedIn?");
  await ada.sees(`work-${ada.email}`);
  await ada.press("Connect LinkedIn");
  await ada.sees("is connected. You can sign in with it");
  expect((await ada.readsTheNotice()).subject).toBe("LinkedIn now opens your Latchkey account");

  await ada.open("/account/password");
  await ada.type("New password", password);
  await ada.press("Set password");
  await ada.sees("Your password is set.");
  await ada.readsTheNotice();

  await ada.page.getByRole("link", { name: "Disconnect Google" }).click();
  await ada.press("Disconnect Google");
  await ada.sees("Google is disconnected.");
  expect((await ada.readsTheNotice()).subject).toBe("Google no longer opens your Latchkey account");
  for (const way of ["LinkedIn", "Email link", "Password"])
    await expect(ada.page.getByRole("listitem").filter({ hasText: way })).toContainText(
      "last used just now",
    );
  await expect(ada.page.getByRole("listitem").filter({ hasText: "Google" })).toContainText(
    "not connected",
  );

  await ada.signsOut();
  await ada.comesBy("LinkedIn", { email: `work-${ada.email}` });
  await ada.isSignedIn();
  expect(await db.auditOf(ada.email)).not.toContainEqual(
    expect.objectContaining({ outcome: "identity_taken" }),
  );
});

test("an address that has an account is never opened by a provider, and never a dead end", async ({
  ada,
  db,
}) => {
  await ada.joins(password);
  await ada.signsOut();
  await ada.open("/sign-in?next=%2Faccount%2Fsessions");
  await ada.press("Continue with Google");
  await ada.chooses({ email: ada.email });
  await ada.seesTitle("Sign in first");
  await ada.sees(`${ada.email} has an account here.`);
  await ada.press("Use a password");
  await ada.type("Password", password);
  await ada.press("Sign in");

  await ada.seesTitle("Connect Google?");
  await ada.press("Connect Google");
  await ada.sees("is connected. You can sign in with it");
  await ada.isAt("/account/sessions");
  await ada.signsOut();
  await ada.comesBy("Google");
  await ada.isSignedIn();
  expect(await db.users(ada.email)).toBe(1);
});

test("to change one's mind at the provider is no error, and the way used last comes first", async ({
  ada,
}) => {
  await ada.open("/sign-in?next=%2Faccount%2Fsessions");
  await ada.press("Continue with LinkedIn");
  await ada.chooses("cancel");
  await ada.sees("You left LinkedIn without signing in. Nothing was changed.");
  await ada.press("Continue with LinkedIn");
  await ada.chooses({ email: ada.email });
  // Where she was going, all the same.
  await ada.isAt("/account/sessions");
  await ada.signsOut();
  const first = ada.page.locator("main").getByRole("button").first();
  await expect(first).toHaveText(/Continue with LinkedIn\s*Last used/);
});

test("an address the provider does not vouch for opens nothing; a link by mail does", async ({
  ada,
}) => {
  await ada.comesBy("LinkedIn", { email: ada.email, verified: false });
  await ada.seesTitle("Sign-in problem");
  await ada.sees("LinkedIn does not vouch for an email address of yours");
  await ada.page.getByRole("link", { name: "Back to sign-in" }).click();
  await ada.signsIn();
});

test("to sign in first may be by another provider, and then both are connected", async ({
  ada,
}) => {
  await ada.comesBy("LinkedIn");
  await ada.isSignedIn();
  await ada.signsOut();
  await ada.comesBy("Google");
  await ada.seesTitle("Sign in first");
  await ada.page.getByRole("link", { name: "Other ways to sign in" }).click();
  await ada.press("Continue with LinkedIn");
  await ada.chooses({ email: ada.email });
  await ada.seesTitle("Connect Google?");
  await ada.open("/account/methods");
  await ada.sees("You came back from Google, and it is not connected yet.");
  await ada.page.getByRole("link", { name: "Connect Google" }).click();
  await ada.press("Connect Google");
  await ada.sees("Google is connected.");
});

test("whoever signs in as somebody else than was asked for is asked which of the two they mean", async ({
  ada,
  leo,
}) => {
  await ada.joins(password);
  await leo.comesBy("Google", { email: ada.email });
  await leo.seesTitle("Sign in first");
  await leo.type("Email", leo.email);
  await leo.press("Email me a sign-in link");
  await leo.open((await leo.readsTheLetter()).link);
  await leo.press("Sign in");
  await leo.seesTitle("Switch account?");
  await leo.sees(`You are signed in as ${leo.email}.`);
  await leo.sees("Switching signs you out here.");
});

test("connecting what opens somebody else's account is told in the title, too", async ({
  ada,
  leo,
}) => {
  await leo.comesBy("Google", { email: leo.email });
  await leo.isSignedIn();
  await ada.signsIn();
  await ada.open("/account/methods");
  await ada.press("Connect Google");
  await ada.chooses({ email: leo.email });
  await ada.sees("That Google account opens another account here.");
  await expect(ada.page).toHaveTitle("Error: Sign-in methods · Latchkey");
});

test("what was connected before the mailbox was proven waits for its owner to keep it", async ({
  ada,
  mallory,
  another,
}) => {
  await mallory.comesBy("LinkedIn", { email: ada.email, number: "mallory" });
  await mallory.seesTitle("Your account");

  await ada.signsInByMail();
  await ada.isAt("/account/methods");
  await ada.sees("Keep or disconnect LinkedIn");
  await mallory.isSignedOut();
  await mallory.comesBy("LinkedIn", { email: ada.email, number: "mallory" });
  await mallory.seesTitle("Sign in first");
  await mallory.sees("waits for you to say that it is yours");

  await ada.press("Keep LinkedIn");
  await ada.sees("stays connected, and opens your account again.");
  const phone = await another(ada);
  await phone.comesBy("LinkedIn", { email: ada.email, number: "mallory" });
  await phone.isSignedIn();
});

test("connecting asks first whether it is she, and then goes on to the provider", async ({
  ada,
  db,
}) => {
  await ada.joins(password);
  await ada.open("/account/methods");
  await db.sql`update sessions set authenticated_at = now() - interval '601 seconds'`;
  await ada.press("Connect Google");
  await ada.seesTitle("Confirm it’s you to connect Google");
  await ada.type("Password", password);
  await ada.press("Continue");
  await ada.chooses({ email: ada.email });
  await ada.seesTitle("Connect Google?");
  await ada.press("Connect Google");
  await ada.sees("is connected. You can sign in with it");
});

test("whoever is signed in already is asked whether to switch @no-js", async ({ ada, leo }) => {
  // Tabs from before he signed in; with script they would have gone to his account by themselves.
  const tab = await leo.browser.newPage();
  const other = await leo.browser.newPage();
  for (const page of [tab, other]) await page.goto("/sign-in");
  await leo.signsIn();
  await leo.in(tab).press("Continue with Google");
  await leo.in(tab).chooses({ email: ada.email });
  await leo.in(tab).seesTitle("Switch account?");
  await leo.in(tab).sees(`You are signed in as ${leo.email}.`);
  await leo.in(tab).press("Stay signed in");
  await leo.in(tab).isSignedIn();
  // Ada waits there no longer for whoever comes to this machine next.
  await tab.goto("/sign-in/switch");
  await leo.in(tab).isSignedIn();

  await leo.in(other).press("Continue with Google");
  await leo.in(other).chooses({ email: ada.email });
  await leo.in(other).press("Switch account");
  await expect(other.locator("header")).toContainText(ada.email);
});
