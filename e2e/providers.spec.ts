import { expect, test } from "./support/test";

const password = "four unrelated words here";

test("one account behind every way in: Google, a link, LinkedIn, a password", async ({
  ada,
  db,
}) => {
  await ada.signInWithProvider("Google");
  await ada.isSignedIn();
  await ada.signOut();
  await ada.startsSignedIn();
  expect(await db.users(ada.email)).toBe(1);

  await ada.open("/account/methods");
  await ada.press("Connect LinkedIn");
  await ada.chooses({ email: `work-${ada.email}` });
  await ada.seesTitle("Connect LinkedIn?");
  await ada.sees(`work-${ada.email}`);
  await ada.press("Connect LinkedIn");
  await ada.sees("is connected. You can now sign in with it");
  expect((await ada.readsTheNotice()).subject).toBe(
    "LinkedIn is now connected to your Latchkey account",
  );

  await ada.open("/account/password");
  await ada.type("New password", password);
  await ada.press("Set password");
  await ada.sees("Your password is set.");
  await ada.readsTheNotice();

  await ada.page.getByRole("link", { name: "Disconnect Google" }).click();
  await ada.press("Disconnect Google");
  await ada.sees("Google is disconnected.");
  expect((await ada.readsTheNotice()).subject).toBe(
    "Google is no longer connected to your Latchkey account",
  );
  for (const linkedMethod of ["LinkedIn", "Email link", "Password"])
    await expect(ada.page.getByRole("listitem").filter({ hasText: linkedMethod })).toContainText(
      "Last used just now",
    );
  await expect(ada.page.getByRole("listitem").filter({ hasText: "Google" })).toContainText(
    "Not connected",
  );

  await ada.signOut();
  await ada.signInWithProvider("LinkedIn", { email: `work-${ada.email}` });
  await ada.isSignedIn();
  expect(await db.auditOf(ada.email)).not.toContainEqual(
    expect.objectContaining({ outcome: "identity_already_in_use" }),
  );
});

test("an address that has an account is never opened by a provider, and never a dead end", async ({
  ada,
  client,
  inbox,
  db,
}) => {
  await client.join(ada.email, password, inbox);
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
  await ada.sees("is connected. You can now sign in with it");
  await ada.setUser("/account/sessions");
  await ada.signOut();
  await ada.signInWithProvider("Google");
  await ada.isSignedIn();
  expect(await db.users(ada.email)).toBe(1);
});

test("to change one's mind at the provider is no error, and leads where one was going all the same", async ({
  ada,
}) => {
  await ada.open("/sign-in?next=%2Faccount%2Fsessions");
  await ada.press("Continue with LinkedIn");
  await ada.chooses("cancel");
  await ada.sees("You cancelled signing in with LinkedIn. Nothing was changed.");
  await ada.press("Continue with LinkedIn");
  await ada.chooses({ email: ada.email });
  await ada.setUser("/account/sessions");
});

test("to sign in first may be by another provider, then both are connected, and to nobody else", async ({
  ada,
  mallory,
}) => {
  await ada.signInWithProvider("LinkedIn");
  await ada.isSignedIn();
  await ada.signOut();
  await ada.signInWithProvider("Google");
  await ada.seesTitle("Sign in first");
  await ada.page.getByRole("link", { name: "Other sign-in methods" }).click();
  await ada.press("Continue with LinkedIn");
  await ada.chooses({ email: ada.email });
  await ada.seesTitle("Connect Google?");
  await ada.open("/account/methods");
  await ada.sees("You came back from Google, but it isn’t connected yet.");
  await ada.page.getByRole("link", { name: "Connect Google" }).click();
  await ada.press("Connect Google");
  await ada.sees("Google is connected.");

  await mallory.startsSignedIn();
  await mallory.open("/account/methods");
  await mallory.press("Connect Google");
  await mallory.chooses({ email: ada.email });
  await mallory.sees("That Google account is already connected to another account.");
  await expect(mallory.page).toHaveTitle("Error: Sign-in methods · Latchkey");
});

test("whoever signs in as somebody else than was asked for is asked which of the two they mean", async ({
  ada,
  leo,
  client,
  inbox,
}) => {
  await client.signIn(ada.email, inbox);
  await leo.signInWithProvider("Google", { email: ada.email });
  await leo.seesTitle("Sign in first");
  await leo.type("Email", leo.email);
  await leo.press("Email me a sign-in link");
  await leo.open((await leo.readsTheLetter()).link);
  await leo.press("Sign in");
  await leo.seesTitle("Switch account?");
  await leo.sees(`You’re signed in as ${leo.email}.`);
  await leo.sees("If you switch, you’ll be signed out of this account here.");
});

test("what was connected before the mailbox was proven waits for its owner to keep it", async ({
  ada,
  mallory,
  another,
}) => {
  await mallory.signInWithProvider("LinkedIn", { email: ada.email, number: "mallory" });
  await mallory.seesTitle("Your account");

  await ada.signInByLink();
  await ada.setUser("/account/methods");
  await ada.sees("Keep or disconnect LinkedIn");
  await mallory.isSignedOut();
  await mallory.signInWithProvider("LinkedIn", { email: ada.email, number: "mallory" });
  await mallory.seesTitle("Sign in first");
  await mallory.sees("needs your confirmation");

  await ada.press("Keep LinkedIn");
  await ada.sees("stays connected. You can sign in with it again.");
  const phone = await another(ada);
  await phone.signInWithProvider("LinkedIn", { email: ada.email, number: "mallory" });
  await phone.isSignedIn();
});
