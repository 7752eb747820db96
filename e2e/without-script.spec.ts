import { expect, test } from "./support/test";

/** One journey with each sign-in method, in a browser without script. */
test.use({ javaScriptEnabled: false });

const password = "four unrelated words here";

/** A code in full-width digits. */
const inFullWidth = (code: string) =>
  [...code].map((digit) => String.fromCodePoint(0xff10 + Number(digit))).join("");

const otherThan = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

test("Ada signs in by link: the page reports an error beside its field, and a reload leads to the account", async ({
  ada,
}) => {
  const email = ada.page.getByLabel("Email", { exact: true });
  await ada.requestLink({}, "ada@example");
  await ada.seesUrl("/sign-in?next=%2Faccount");
  await ada.sees("Enter an email address in the form name@example.com.");
  await expect(email).toHaveAttribute("aria-invalid", "true");
  await expect(email).toHaveValue("ada@example");
  await email.fill(ada.email);
  await ada.clickButton("Email me a sign-in link");
  await ada.seesTitle("Check your email");
  const { link } = await ada.readsTheLetter();
  const tab = ada.in(await ada.browser.newPage());
  await tab.open(link);
  // Without script the token stays in the page's address.
  await tab.clickButton("Sign in");
  await tab.isSignedIn();
  await ada.page.reload();
  await ada.isSignedIn();
  await ada.clickButton("Sign out");
  await ada.sees("You’re signed out.");
  await ada.page.goBack();
  await expect(ada.page.getByText(ada.email)).toHaveCount(0);
});

test("Ada signs in by code: the page reports a wrong code, and the server accepts one with spaces and dashes", async ({
  ada,
}) => {
  const { code } = await ada.requestAndReceiveLink();
  await ada.submitCode(otherThan(code));
  await ada.sees("That code is wrong");
  await expect(ada.page.getByLabel("Code", { exact: true })).toHaveAttribute(
    "aria-invalid",
    "true",
  );
  await ada.submitCode(`${inFullWidth(code.slice(0, 3))} - ${code.slice(3)}`);
  await ada.isSignedIn();
});

test("Ada signs up with a password that she types twice", async ({ ada, db }) => {
  await ada.open("/sign-up");
  // A hint keeps its distance from the next field's label, as with script.
  const hint = await ada.page.locator(".hint").last().boundingBox();
  const next = await ada.page.getByText("Repeat new password", { exact: true }).boundingBox();
  expect(next!.y - (hint!.y + hint!.height)).toBeGreaterThanOrEqual(12);
  await ada.type("Email", ada.email);
  await ada.type("New password", password);
  await ada.type("Repeat new password", "quite another set of words");
  await ada.clickButton("Sign up");
  await ada.sees("The passwords don’t match.");
  await expect(ada.page.getByLabel("Repeat new password", { exact: true })).toHaveAttribute(
    "aria-invalid",
    "true",
  );
  expect(await db.lettersTo(ada.email)).toHaveLength(0);
  await ada.type("New password", password);
  await ada.clickButton("Sign up");
  await ada.seesTitle("Check your email");
  await ada.submitCode(await ada.readsTheCode(), "Finish signing up");
  await ada.isSignedIn();
  await ada.signOut();
  await ada.signInWithPassword("not this one, surely");
  await ada.sees("email and password don’t match");
  await ada.type("Password", password);
  await ada.clickButton("Sign in");
  await ada.isSignedIn();
});

test("Ada signs in with LinkedIn, connects Google after step-up, and signs in with Google", async ({
  ada,
  db,
}) => {
  await ada.signInWithProvider("LinkedIn");
  await ada.isSignedIn();
  await ada.open("/account/methods");
  await db.sql`update sessions set authenticated_at = now() - interval '601 seconds'`;
  await ada.clickButton("Connect Google");
  await ada.seesTitle("Confirm it’s you to connect Google");
  await ada.clickButton("Email me a link and a code");
  await ada.submitCode((await ada.readsTheLetter()).code, "Continue with the code");
  await ada.chooses({ email: ada.email });
  await ada.seesTitle("Connect Google?");
  await ada.clickButton("Connect Google");
  await ada.sees("is connected. You can now sign in with it");
  expect((await ada.cookie("session"))?.expires).toBe(-1);
  await ada.signOut();
  await ada.signInWithProvider("Google", { email: ada.email }, { remember: true });
  await ada.isSignedIn();
  expect((await ada.cookie("session"))?.expires).toBeGreaterThan(Date.now() / 1000 + 80 * 86_400);
});

test("Ada reports a sign-in that wasn’t hers, and unlocks her sign-in methods on a device of hers", async ({
  ada,
  mallory,
  another,
  db,
}) => {
  await ada.startsWithPassword(password);
  await db.sql`update known_devices set created_at = created_at - interval '1 hour'`;
  await mallory.signInWithPassword(password, ada.email);
  await mallory.seesTitle("Your account");
  // Wherever she reads her email, without a session.
  const phone = await another(ada);
  await phone.open(await ada.readsTheReport());
  await phone.seesTitle("Was this you?");
  await phone.clickButton("This wasn’t me");
  await phone.sees("That isn’t the address this link was sent to.");
  await phone.type("Email", ada.email);
  await phone.clickButton("This wasn’t me");
  await phone.seesTitle("Make your account safe");
  await phone.sees("That device is signed out");
  await phone.isSignedOut();
  await mallory.isSignedOut();

  await db.sql`update sessions set authenticated_at = now() - interval '601 seconds'`;
  await ada.open("/account/methods");
  await ada.sees("Your sign-in methods are locked");
  await expect(ada.page.getByRole("link", { name: "Change password" })).toHaveCount(0);
  await ada.clickButton("Unlock");
  await ada.seesTitle("Confirm it’s you to unlock your sign-in methods");
  await ada.type("Password", password);
  await ada.clickButton("Continue");
  await ada.sees("Your sign-in methods are unlocked.");
  await expect(ada.page.getByRole("link", { name: "Change password" })).toBeVisible();
});

test("a signed-in user who returns from a provider as another user is asked whether to switch", async ({
  ada,
  leo,
}) => {
  // These tabs are opened before he signs in; with script they would redirect to his account.
  const tab = await leo.browser.newPage();
  const other = await leo.browser.newPage();
  for (const page of [tab, other]) await page.goto("/sign-in");
  await leo.startsSignedIn();
  await leo.in(tab).clickButton("Continue with Google");
  await leo.in(tab).chooses({ email: ada.email });
  await leo.in(tab).seesTitle("Switch account?");
  await leo.in(tab).sees(`You’re signed in as ${leo.email}.`);
  await leo.in(tab).clickButton("Stay signed in");
  await leo.in(tab).isSignedIn();
  // The pending identity is gone: the next user of this machine cannot switch to Ada's account.
  await tab.goto("/sign-in/switch");
  await leo.in(tab).seesTitle("Sign-in methods");

  await leo.in(other).clickButton("Continue with Google");
  await leo.in(other).chooses({ email: ada.email });
  await leo.in(other).clickButton("Switch account");
  await expect(other.locator("header")).toContainText(ada.email);
});
