import { insertAccessLink } from "./support/access-link";
import { insertEmailChangeStop } from "./support/undo-links";
import { Client } from "./support/client";
import type { Person } from "./support/person";
import { insertSetupLink } from "./support/setup-link";
import { glanceAt, lookAt } from "./support/screens";
import { expect, test as base } from "./support/test";

const PHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
const LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

const password = "four unrelated words here";
const wrongFor = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

interface Looks {
  isThorough: boolean;
  /** Checks the user's current page; its faults fail the test at the end. */
  look: (person: Person, name: string) => Promise<void>;
}

const test = base.extend<Looks>({
  isThorough: [false, { option: true }],
  look: async ({ isThorough }, use) => {
    const wrong: string[] = [];
    let looks = 0;
    await use(async ({ page }, name) => {
      // The first screen of each test gets every check, the others one theme in turn.
      const looking = isThorough || looks === 0 ? lookAt(page, name) : glanceAt(page, name, looks);
      looks += 1;
      wrong.push(...(await looking));
    });
    expect(wrong).toEqual([]);
  },
});

for (const { how, isThorough, tag } of [
  { how: "in one theme each", isThorough: false, tag: [] },
  { how: "in each theme and size", isThorough: true, tag: "@long" },
])
  test.describe(`Screens ${how}`, { tag }, () => {
    test.use({ isThorough });

    test("of signing in by link and code have no faults", async ({ look, ada, another }) => {
      await ada.open("/sign-in");
      await look(ada, "sign-in");
      await ada.requestLink({}, "ada@example");
      await ada.sees("Enter an email address");
      await look(ada, "sign-in-error");
      const { link, code } = await ada.requestAndReceiveLink();
      await look(ada, "check");
      await ada.submitCode(wrongFor(code));
      await ada.sees("That code is wrong");
      await look(ada, "check-error");
      await ada.open(link);
      await ada.seesTitle("Sign in to Latchkey?");
      await look(ada, "confirm");
      const phone = await another(ada);
      await phone.open(link);
      await phone.sees("Enter your full email address");
      await look(phone, "confirm-other-browser");
    });

    test("of signing up and in with a password have no faults", async ({ look, ada }) => {
      await ada.open("/sign-up");
      await look(ada, "sign-up");
      await ada.type("New password", "wet gravel,");
      await ada.sees("1 more character needed.");
      await look(ada, "sign-up-typed");
      await ada.signUp("too short");
      await ada.sees("That password is too short.");
      await look(ada, "sign-up-error");
      await ada.signUp(password);
      await ada.seesTitle("Check your email");
      await look(ada, "verify");
      const code = await ada.readsTheCode();
      await ada.submitCode(wrongFor(code), "Finish signing up");
      await ada.sees("That code is wrong");
      await look(ada, "verify-error");
      await ada.open("/sign-in/password");
      await look(ada, "password-sign-in");
      await ada.signInWithPassword(password);
      await ada.sees("Enter the code we emailed you");
      await look(ada, "verify-pending");
      await ada.signInWithPassword("not this one, surely");
      await ada.sees("email and password don’t match");
      await look(ada, "password-sign-in-error");
    });

    test("of errors have no faults", async ({ look, ada, client, inbox, db }) => {
      await ada.open("/l/unknown");
      await look(ada, "invalid-link");
      await ada.open("/l");
      await look(ada, "reopen");
      await ada.open("/unavailable");
      await look(ada, "unavailable");
      await ada.open("/nothing/here");
      await expect(ada.page).toHaveTitle("Page not found · Latchkey");
      await look(ada, "not-found");
      await ada.open("/failed?reference=00000000-0000-4000-8000-000000000000");
      await look(ada, "failed");
      await client.signIn(ada.email, inbox);
      await db.sql`update users set disabled_at = now() where email = ${ada.email}`;
      await db.clearLimits();
      const { link } = await ada.requestAndReceiveLink();
      await ada.open(link);
      await ada.clickButton("Sign in");
      await ada.seesUrl("/sign-in/problem");
      await look(ada, "problem");
    });

    test("for staff have no faults", async ({ look, ada, server, inbox, newAddress, db }) => {
      const leo = newAddress("leo");
      for (const agent of [PHONE, LAPTOP])
        await new Client(server, { "user-agent": agent }).signIn(leo, inbox);
      await db.sql`update users set role = 'member'`;
      const setup = await insertSetupLink(db);
      await ada.open(setup);
      await look(ada, "setup-signed-out");
      await ada.startsSignedIn();
      await ada.open(setup);
      await look(ada, "setup");
      await ada.clickButton("Make me an admin");
      await ada.sees("You’re an admin now. Sign in to continue.");
      await ada.readsTheNotice();
      await db.clearLimits();
      await ada.startsSignedIn();
      await ada.open(setup);
      await look(ada, "setup-invalid");
      await ada.open("/admin/users");
      await look(ada, "users");
      await ada.page.getByRole("link", { name: `Open ${leo}` }).click();
      await ada.sees("Sign-in methods");
      await look(ada, "user");
      const path = new URL(ada.page.url()).pathname;
      await new Client(server).submit("/sign-up", "Sign up", {
        email: newAddress("pending"),
        password,
      });
      for (const name of ["sign-ups", "invitations", "mail", "system", "audit"]) {
        await ada.open(`/admin/${name}`);
        await look(ada, `staff-${name}`);
      }
      for (const act of ["access-link", "email", "sign-out", "role", "disable"]) {
        await ada.open(`${path}/${act}`);
        await look(ada, `user-${act}`);
      }
      const accessLink = await insertAccessLink(db, path.split("/").at(-1)!);
      await ada.open(`${path}/access-link`);
      await look(ada, "user-access-links");
      await ada.open(`/l/access/${accessLink.token}`);
      await look(ada, "access-link");
      const stop = await insertEmailChangeStop(db, leo);
      await ada.open(`${path}/email`);
      await look(ada, "user-email-pending");
      await ada.open(stop.path);
      await look(ada, "stop-email");
      const lost = newAddress("leo.who.has.a.new.mailbox");
      await ada.open(`${path}/email`);
      await ada.type("New email address", lost);
      await ada.type("Reason", "Lost the mailbox");
      await ada.clickButton("Send a code to the new address");
      await ada.sees("The code is on its way to the new address.");
      await ada.open((await inbox.letterTo(lost)).path);
      await look(ada, "confirm-email");
      await ada.open(`${path}/disable`);
      await ada.clickButton("Disable account");
      await ada.sees("Enter a reason.");
      await look(ada, "user-disable-error");
      await ada.type("Reason", "Reported by three people, who sent us the emails they received");
      await ada.clickButton("Disable account");
      await ada.sees("The account is disabled");
      await look(ada, "user-disabled");
    });

    test("of the account have no faults", async ({
      look,
      ada,
      another,
      client,
      newAddress,
      server,
      inbox,
      db,
    }) => {
      for (const agent of [PHONE, LAPTOP])
        await new Client(server, { "user-agent": agent }).signIn(ada.email, inbox);
      await ada.startsSignedIn();
      await ada.open("/account");
      await ada.isSignedIn();
      await look(ada, "account");
      await ada.open("/account/profile");
      await look(ada, "profile");
      await ada.open("/account/methods");
      await look(ada, "methods");
      await ada.open("/account/sessions");
      await expect(ada.page.getByRole("listitem")).toHaveCount(3);
      await look(ada, "sessions");
      await ada.open("/account/activity");
      await look(ada, "activity");
      await ada.page.getByRole("link", { name: "This wasn’t me" }).first().click();
      await ada.sees("Was this you?");
      await look(ada, "activity-report");
      await ada.page.getByRole("link", { name: "Refused" }).click();
      await ada.sees("Nothing here yet.");
      await look(ada, "activity-none");
      await ada.open("/account/sessions/sign-out-others");
      await look(ada, "sign-out-others");
      await ada.clickButton("Sign out everywhere else");
      await ada.sees("You’re signed out everywhere else.");
      // With no other device, there is nothing to press here, nor on the page that asks.
      await expect(ada.page.getByRole("link", { name: "Sign out everywhere else" })).toHaveCount(0);
      await ada.open("/account/sessions/sign-out-others");
      await expect(ada.page.locator("main button")).toHaveCount(0);
      const long = await another({ email: newAddress("a.rather.long.name.for.an.account.of.ada") });
      await long.startsSignedIn();
      await long.open("/account/sessions");
      await look(long, "sessions-long-address");
      const leo = newAddress("leo");
      await client.requestLink(leo);
      await ada.open((await inbox.letterTo(leo)).link);
      await ada.seesTitle("Switch account?");
      await look(ada, "confirm-switch");
      await ada.open(await ada.readsTheReport());
      await ada.seesTitle("Was this you?");
      await look(ada, "report");
      await ada.type("Email", ada.email);
      await ada.clickButton("This wasn’t me");
      await ada.seesTitle("Make your account safe");
      await look(ada, "reported");
      await ada.open("/account/methods");
      await ada.sees("Your sign-in methods are locked");
      await look(ada, "methods-locked");
      await db.sql`insert into outbox (kind, to_address, state, reason, done_at)
      values ('magic_link', ${ada.email}, 'dead', 'over_limit', now())`;
      await ada.open("/mailbox");
      await ada.sees("Over the hourly limit");
      await look(ada, "mailbox");
    });
  });

// Their journeys are tested elsewhere in the short part, and these pages share their styles with the above.
test.describe("Further screens in each theme and size", { tag: "@long" }, () => {
  test.use({ isThorough: true });

  test("of a password reset have no faults", async ({ look, ada, another, client, inbox }) => {
    await client.signUpAndVerify(ada.email, password, inbox);
    await ada.open("/password");
    await look(ada, "reset");
    await ada.clickButton("Email me a link");
    await ada.sees("Enter your email address.");
    await look(ada, "reset-error");
    await ada.type("Email", ada.email);
    await ada.clickButton("Email me a link");
    await ada.seesTitle("Check your email");
    await look(ada, "reset-check");
    const { link, code } = await ada.readsTheLetter();
    await ada.type("Code", wrongFor(code));
    await ada.type("New password", password);
    await ada.clickButton("Set password and sign in");
    await ada.sees("That code is wrong");
    await look(ada, "reset-check-error");
    await ada.open(link);
    await ada.seesTitle("Set a new password");
    await look(ada, "reset-link");
    await ada.type("New password", "password1234");
    await ada.clickButton("Set password and sign in");
    await ada.sees("That password is easy to guess.");
    await look(ada, "reset-link-error");
    const phone = await another(ada);
    await phone.open(link);
    await phone.sees("Enter your full email address");
    await look(phone, "reset-link-other-browser");
    await ada.open("/l/reset/unknown");
    await look(ada, "reset-link-invalid");
  });

  test("of step-up have no faults", async ({ look, ada, leo, another, db }) => {
    await ada.startsWithPassword(password);
    await ada.open("/account/confirm?next=%2Faccount%2Fpassword");
    await ada.seesTitle("Confirm it’s you to set your password");
    await expect(ada.page.getByRole("link", { name: "Cancel" })).toHaveAttribute(
      "href",
      "/account/methods",
    );
    await look(ada, "step-up");
    await ada.type("Password", "not this one, surely");
    await ada.clickButton("Continue");
    await ada.sees("That password is wrong");
    await look(ada, "step-up-error");
    await ada.clickButton("Email me a link and a code");
    await ada.sees("An email is on its way.");
    await look(ada, "step-up-asked");
    const { link, code } = await ada.readsTheLetter();
    await ada.submitCode(wrongFor(code), "Continue with the code");
    await ada.sees("That code is wrong");
    await look(ada, "step-up-code-error");
    await ada.open(link);
    await ada.seesTitle("Confirm it’s you to set your password");
    await expect(ada.page).toHaveTitle("Confirm it’s you to set your password · Latchkey");
    await ada.sees("Not you?");
    await expect(ada.page.getByRole("link", { name: "Cancel" })).toBeVisible();
    await look(ada, "step-up-link");
    const phone = await another(ada);
    await phone.startsSignedIn();
    await phone.open(link);
    await phone.seesTitle("This link can’t be used");
    await look(phone, "step-up-link-invalid");

    await leo.startsSignedIn();
    await db.sql`update sessions set authenticated_at = now() - interval '601 seconds'`;
    await leo.open("/account/password");
    await leo.seesTitle("Confirm it’s you to set your password");
    await look(leo, "step-up-without-password");
    await leo.clickButton("Email me a link and a code");
    await leo.sees("An email is on its way.");
    await look(leo, "step-up-without-password-asked");

    // A suspended action, with its name and a button to cancel it.
    await ada.open("/account/password/remove");
    await ada.clickButton("Remove password");
    await ada.seesTitle("Confirm it’s you to remove your password");
    await expect(ada.page.getByRole("alert")).toHaveCount(0);
    await look(ada, "step-up-waiting");
    const waiting = ada.page.url();
    await db.clearLimits();
    await ada.clickButton("Email me a link and a code");
    await ada.sees("An email is on its way.");
    await ada.open((await ada.readsTheLetter()).link);
    await ada.seesTitle("Confirm it’s you to remove your password");
    await look(ada, "step-up-link-waiting");
    await ada.clickButton("Cancel");
    await ada.sees("Cancelled. Nothing was changed.");
    await ada.open(waiting);
    await ada.seesTitle("There is nothing left to confirm");
    await expect(ada.page.locator(".note")).toHaveCount(0);
    await look(ada, "step-up-lost");
  });

  test("of the profile and a change of the address have no faults", async ({
    look,
    ada,
    another,
    newAddress,
    inbox,
  }) => {
    await ada.startsSignedIn();
    await ada.open("/account/profile");
    await ada.type("Name", "Ada\u202eLovelace");
    await ada.clickButton("Save");
    await ada.sees("A name can’t contain");
    await look(ada, "profile-error");
    await ada.open("/account/email");
    await look(ada, "change-email");
    await ada.type("New email address", ada.email);
    await ada.clickButton("Send a code");
    await ada.sees("Your account has this address.");
    await look(ada, "change-email-error");
    const email = newAddress("a.rather.long.name.for.an.account.of.ada");
    await ada.type("New email address", email);
    await ada.clickButton("Send a code");
    await ada.seesTitle("Confirm your new address");
    await look(ada, "change-email-check");
    const code = await inbox.codeTo(email);
    await ada.submitCode(wrongFor(code), "Change address");
    await ada.sees("That code is wrong");
    await look(ada, "change-email-check-error");
    await ada.submitCode(code, "Change address");
    await ada.sees("Your email address is changed.");
    await look(ada, "profile-email-changed");
    const [link] = /http\S+\/l\/undo\/\S+/.exec((await ada.readsTheNotice()).text)!;
    const phone = await another(ada);
    await phone.open(link);
    await phone.seesTitle("Go back to your old address?");
    await look(phone, "undo-email");
    await phone.open("/l/undo/unknown");
    await look(phone, "undo-email-invalid");
  });

  test("of deleting the account have no faults", async ({ look, ada, another }) => {
    await ada.startsSignedIn();
    await ada.open("/account/delete");
    await look(ada, "delete");
    await ada.clickButton("Delete account");
    await ada.sees("That isn’t the email address of this account.");
    await look(ada, "delete-error");
    await ada.type("Email", ada.email);
    await ada.clickButton("Delete account");
    await ada.sees("Your account is deleted");
    await look(ada, "delete-done");
    const [link] = /http\S+\/l\/restore\/\S+/.exec((await ada.readsTheNotice()).text)!;
    const phone = await another(ada);
    await phone.open(link);
    await phone.seesTitle("Restore your account?");
    await look(phone, "restore-link");
    await ada.signInByLink();
    await ada.seesTitle("Restore your account?");
    await look(ada, "restore");
    await phone.open("/l/restore/unknown");
    await look(phone, "restore-link-invalid");
  });

  test("of the password in the account have no faults", async ({ look, ada, client, inbox }) => {
    await client.signIn(ada.email, inbox);
    await ada.startsSignedIn();
    await ada.open("/account/password");
    await look(ada, "new-password");
    await ada.type("New password", "password1234");
    await ada.clickButton("Set password");
    await ada.sees("That password is easy to guess.");
    await look(ada, "new-password-error");
    await ada.type("New password", password);
    await ada.clickButton("Set password");
    await ada.sees("Your password is set.");
    await ada.sees("Never used");
    await look(ada, "methods-with-password");
    await ada.open("/account/password/remove");
    await look(ada, "remove-password");
    await ada.clickButton("Remove password");
    await ada.sees("Your password is removed.");
    await look(ada, "methods-password-removed");
    await ada.open("/account/password/remove");
    await ada.sees("Your account has no password.");
    await look(ada, "remove-password-none");
  });

  test("of Google and LinkedIn have no faults", async ({ look, ada, leo, mallory, another }) => {
    await ada.signInWithProvider("LinkedIn", { email: ada.email, verified: false });
    await ada.sees("hasn’t verified");
    await look(ada, "problem-unverified");
    await ada.page.getByRole("link", { name: "Use another sign-in method" }).click();
    await ada.seesTitle("Sign in to Latchkey");
    await ada.signInWithProvider("Google");
    await ada.isSignedIn();
    await ada.open("/account/methods");
    await ada.clickButton("Connect LinkedIn");
    await ada.chooses({ email: `a.rather.long.address.for.work.${ada.email}` });
    await ada.seesTitle("Connect LinkedIn?");
    await look(ada, "connect");
    await ada.clickButton("Connect LinkedIn");
    await ada.sees("is connected. You can now sign in with it");
    await look(ada, "methods-with-providers");
    await ada.readsTheNotice();
    await ada.open("/account/disconnect/google");
    await look(ada, "disconnect");
    await ada.clickButton("Disconnect Google");
    await ada.readsTheNotice();
    await ada.signOut();
    await look(ada, "sign-in-last-used");
    const phone = await another(ada, `${PHONE} [FBAN/FBIOS]`);
    await phone.open("/sign-in");
    await phone.sees("inside other apps’ browsers");
    await look(phone, "sign-in-in-app");
    await ada.signInWithProvider("Google", { email: ada.email, number: "another" });
    await ada.seesTitle("Sign in first");
    await look(ada, "sign-in-to-connect");

    await leo.signInWithProvider("Google", { email: ada.email, number: "third" });
    await leo.seesTitle("Sign in first");
    await leo.startsSignedIn();
    await leo.open("/sign-in/switch");
    await leo.seesTitle("Switch account?");
    await look(leo, "switch");
    await leo.open("/account");
    await leo.signOut();
    // A provider that sends no content leaves the browser on the redirect page.
    await leo.page.route(/127\.0\.0\.1/, (route) => route.fulfill({ status: 204 }));
    await leo.clickButton("Continue with Google");
    await leo.seesTitle("Continuing to Google");
    await look(leo, "redirect");
    await leo.page.unrouteAll();

    await mallory.signInWithProvider("LinkedIn");
    await mallory.isSignedIn();
    const owner = await another(mallory);
    await owner.startsSignedIn();
    await owner.open("/account/methods");
    await owner.sees("Keep or disconnect LinkedIn");
    await look(owner, "methods-unconfirmed");
    await owner.clickButton("Connect Google");
    await owner.chooses({ email: mallory.email, verified: false });
    await owner.sees("hasn’t verified");
    await look(owner, "methods-refused");
    await ada.startsSignedIn();
    await ada.open("/account/methods");
    await ada.sees("it isn’t connected yet");
    await look(ada, "methods-waiting");
  });
});
