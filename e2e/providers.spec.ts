import { expect, test } from "./support/test";

const password = "four unrelated words here";

test("Google, a link, LinkedIn and a password sign in to the same account", async ({ ada, db }) => {
  await ada.signInWithProvider("Google");
  await ada.isSignedIn();
  await ada.signOut();
  await ada.startsSignedIn();
  expect(await db.users(ada.email)).toBe(1);

  await ada.open("/account/methods");
  await ada.clickButton("Connect LinkedIn");
  await ada.chooses({ email: `work-${ada.email}` });
  await ada.seesTitle("Connect LinkedIn?");
  await ada.sees(`work-${ada.email}`);
  await ada.clickButton("Connect LinkedIn");
  await ada.sees("is connected. You can now sign in with it");
  expect((await ada.readsTheNotice()).subject).toBe(
    "LinkedIn is now connected to your Latchkey account",
  );

  await ada.open("/account/password");
  await ada.type("New password", password);
  await ada.clickButton("Set password");
  await ada.sees("Your password is set.");
  await ada.readsTheNotice();

  await ada.page.getByRole("link", { name: "Disconnect Google" }).click();
  await ada.clickButton("Disconnect Google");
  await ada.sees("Google is disconnected.");
  expect((await ada.readsTheNotice()).subject).toBe(
    "Google is no longer connected to your Latchkey account",
  );
  for (const [method, used] of [
    ["LinkedIn", "Never used"],
    ["Email link", "Last used just now"],
    ["Password", "Never used"],
    ["Google", "Not connected"],
  ] as const)
    await expect(ada.page.getByRole("listitem").filter({ hasText: method })).toContainText(used);

  await ada.signOut();
  await ada.signInWithProvider("LinkedIn", { email: `work-${ada.email}` });
  await ada.isSignedIn();
  expect(await db.auditOf(ada.email)).not.toContainEqual(
    expect.objectContaining({ outcome: "identity_already_in_use" }),
  );
});

test("a provider does not open an existing account, and Ada connects it after signing in", async ({
  ada,
  client,
  inbox,
  db,
}) => {
  await client.signUpAndVerify(ada.email, password, inbox);
  await ada.open("/sign-in?next=%2Faccount%2Fsessions");
  await ada.clickButton("Continue with Google");
  await ada.chooses({ email: ada.email });
  await ada.seesTitle("Sign in first");
  await ada.sees(`${ada.email} has an account here.`);
  await ada.clickButton("Use a password");
  await ada.type("Password", password);
  await ada.clickButton("Sign in");

  await ada.seesTitle("Connect Google?");
  await ada.clickButton("Connect Google");
  await ada.sees("is connected. You can now sign in with it");
  await ada.seesUrl("/account/sessions");
  await ada.signOut();
  await ada.signInWithProvider("Google");
  await ada.isSignedIn();
  expect(await db.users(ada.email)).toBe(1);
});

test("after cancelling at the provider Ada can start again and reaches her next page", async ({
  ada,
}) => {
  await ada.open("/sign-in?next=%2Faccount%2Fsessions");
  await ada.clickButton("Continue with LinkedIn");
  await ada.chooses("cancel");
  await ada.sees("You cancelled signing in with LinkedIn. Nothing was changed.");
  await ada.clickButton("Continue with LinkedIn");
  await ada.chooses({ email: ada.email });
  await ada.seesUrl("/account/sessions");
});

test("Ada can sign in first with another provider; then both are connected, and to no other account", async ({
  ada,
  mallory,
}) => {
  await ada.signInWithProvider("LinkedIn");
  await ada.isSignedIn();
  await ada.signOut();
  await ada.signInWithProvider("Google");
  await ada.seesTitle("Sign in first");
  await ada.page.getByRole("link", { name: "Other sign-in methods" }).click();
  await ada.clickButton("Continue with LinkedIn");
  await ada.chooses({ email: ada.email });
  await ada.seesTitle("Connect Google?");
  await ada.open("/account/methods");
  await ada.sees("You came back from Google, but it isn’t connected yet.");
  await ada.page.getByRole("link", { name: "Connect Google" }).click();
  await ada.clickButton("Connect Google");
  await ada.sees("Google is connected.");

  await mallory.startsSignedIn();
  await mallory.open("/account/methods");
  await mallory.clickButton("Connect Google");
  await mallory.chooses({ email: ada.email });
  await mallory.sees("That Google account is already connected to another account.");
  await expect(mallory.page).toHaveTitle("Error: Sign-in methods · Latchkey");
});

test("a user who signs in to another account than the pending one is asked which to use", async ({
  ada,
  leo,
  client,
  inbox,
}) => {
  await client.signIn(ada.email, inbox);
  await leo.signInWithProvider("Google", { email: ada.email });
  await leo.seesTitle("Sign in first");
  await leo.type("Email", leo.email);
  await leo.clickButton("Email me a sign-in link");
  await leo.open((await leo.readsTheLetter()).link);
  await leo.clickButton("Sign in");
  await leo.seesTitle("Switch account?");
  await leo.sees(`You’re signed in as ${leo.email}.`);
  await leo.sees("If you switch, you’ll be signed out of this account here.");
});

test("a provider connected before email verification needs the owner's confirmation", async ({
  ada,
  mallory,
  another,
}) => {
  await mallory.signInWithProvider("LinkedIn", { email: ada.email, number: "mallory" });
  await mallory.seesTitle("Your account");

  await ada.signInByLink();
  await ada.seesUrl("/account/methods");
  await ada.sees("Keep or disconnect LinkedIn");
  await mallory.isSignedOut();
  await mallory.signInWithProvider("LinkedIn", { email: ada.email, number: "mallory" });
  await mallory.seesTitle("Sign in first");
  await mallory.sees("needs your confirmation");

  await ada.clickButton("Keep LinkedIn");
  await ada.sees("stays connected. You can sign in with it again.");
  const phone = await another(ada);
  await phone.signInWithProvider("LinkedIn", { email: ada.email, number: "mallory" });
  await phone.isSignedIn();
});
