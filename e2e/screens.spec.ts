import { lookAt } from "./support/screens";
import { expect, test } from "./support/test";

const PHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
const LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

const password = "four unrelated words here";
const wrongFor = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

test.describe("Screens @once", () => {
  test.setTimeout(90_000);

  test("of signing in", async ({ ada, another }) => {
    const wrong: string[] = [];
    const look = async (name: string) => wrong.push(...(await lookAt(ada.page, name)));
    await ada.open("/sign-in");
    await look("sign-in");
    await ada.asks({}, "ada@example");
    await ada.sees("Enter an email address");
    await look("sign-in-error");
    const { link, code } = await ada.getsALetter();
    await look("check");
    await ada.types(wrongFor(code));
    await ada.sees("That code is not right");
    await look("check-error");
    await ada.open(link);
    await ada.seesTitle("Sign in to Latchkey?");
    await look("confirm");
    const phone = await another(ada);
    await phone.open(link);
    await phone.sees("Type the whole address");
    wrong.push(...(await lookAt(phone.page, "confirm-other-browser")));
    expect(wrong).toEqual([]);
  });

  test("of signing up and in with a password", async ({ ada }) => {
    const wrong: string[] = [];
    const look = async (name: string) => wrong.push(...(await lookAt(ada.page, name)));
    await ada.open("/sign-up");
    await look("sign-up");
    await ada.type("New password", "wet gravel,");
    await ada.sees("1 more character.");
    await look("sign-up-typed");
    await ada.signsUp("too short");
    await ada.sees("That password is too short.");
    await look("sign-up-error");
    await ada.signsUp(password);
    await ada.seesTitle("Check your email");
    await look("verify");
    const code = await ada.readsTheCode();
    await ada.types(wrongFor(code), "Finish signing up");
    await ada.sees("That code is not right");
    await look("verify-error");
    await ada.open("/sign-in/password");
    await look("password-sign-in");
    await ada.enters(password);
    await ada.sees("Type the code we mailed you");
    await look("verify-pending");
    await ada.enters("not this one, surely");
    await ada.sees("do not go together");
    await look("password-sign-in-error");
    expect(wrong).toEqual([]);
  });

  test("of a forgotten password", async ({ ada, another }) => {
    const wrong: string[] = [];
    const look = async (name: string) => wrong.push(...(await lookAt(ada.page, name)));
    await ada.joins(password);
    await ada.signsOut();
    await ada.open("/password");
    await look("reset");
    await ada.press("Email me a link");
    await ada.sees("Enter your email address.");
    await look("reset-error");
    await ada.type("Email", ada.email);
    await ada.press("Email me a link");
    await ada.seesTitle("Check your email");
    await look("reset-check");
    const { link, code } = await ada.readsTheLetter();
    await ada.type("Code", wrongFor(code));
    await ada.type("New password", password);
    await ada.press("Set password and sign in");
    await ada.sees("That code is not right");
    await look("reset-check-error");
    await ada.open(link);
    await ada.seesTitle("Set a new password");
    await look("reset-link");
    await ada.type("New password", "password1234");
    await ada.press("Set password and sign in");
    await ada.sees("That password is easy to guess.");
    await look("reset-link-error");
    const phone = await another(ada);
    await phone.open(link);
    await phone.sees("Type the whole address");
    wrong.push(...(await lookAt(phone.page, "reset-link-other-browser")));
    await ada.open("/l/reset/unknown");
    await look("reset-link-dead");
    expect(wrong).toEqual([]);
  });

  test("of proving that it is her", async ({ ada, leo, another, db }) => {
    const wrong: string[] = [];
    const look = async (name: string) => wrong.push(...(await lookAt(ada.page, name)));
    await ada.joins(password);
    await ada.open("/account/prove?next=%2Faccount%2Fpassword");
    await look("prove");
    await ada.type("Password", "not this one, surely");
    await ada.press("Continue");
    await ada.sees("That is not the password");
    await look("prove-error");
    await ada.press("Email me a link and a code");
    await ada.sees("A mail is on the way.");
    await look("prove-asked");
    const { link, code } = await ada.readsTheLetter();
    await ada.types(wrongFor(code), "Continue with the code");
    await ada.sees("That code is not right");
    await look("prove-code-error");
    await ada.open(link);
    await ada.seesTitle("Is it you?");
    await look("prove-link");
    const phone = await another(ada);
    await phone.signsIn();
    await phone.open(link);
    await phone.press("It is me");
    await phone.seesTitle("This link can’t be used");
    wrong.push(...(await lookAt(phone.page, "prove-link-dead")));

    await leo.signsIn();
    await db.sql`update sessions set authenticated_at = now() - interval '601 seconds'`;
    await leo.open("/account/password");
    await leo.seesTitle("Is it you?");
    wrong.push(...(await lookAt(leo.page, "prove-without-password")));
    await leo.press("Email me a link and a code");
    await leo.sees("A mail is on the way.");
    wrong.push(...(await lookAt(leo.page, "prove-without-password-asked")));
    expect(wrong).toEqual([]);
  });

  test("of a password in the account", async ({ ada, another }) => {
    const wrong: string[] = [];
    const look = async (name: string) => wrong.push(...(await lookAt(ada.page, name)));
    await (await another(ada, LAPTOP)).signsIn();
    await ada.signsIn();
    await ada.open("/account/password");
    await look("new-password");
    await ada.type("New password", "password1234");
    await ada.press("Set password");
    await ada.sees("That password is easy to guess.");
    await look("new-password-error");
    await ada.type("New password", password);
    await ada.press("Set password");
    await ada.sees("Your password is set.");
    await look("methods-with-password");
    await ada.open("/account/password/remove");
    await look("remove-password");
    await ada.press("Remove password");
    await ada.sees("Your password is removed.");
    await look("methods-password-removed");
    expect(wrong).toEqual([]);
  });

  test("of Google and LinkedIn", async ({ ada, mallory, another }) => {
    const wrong: string[] = [];
    const look = async (name: string) => wrong.push(...(await lookAt(ada.page, name)));
    await ada.comesBy("LinkedIn", { email: ada.email, verified: false });
    await ada.sees("does not vouch for");
    await look("problem-unvouched");
    await ada.comesBy("Google");
    await ada.isSignedIn();
    await ada.open("/account/methods");
    await ada.press("Connect LinkedIn");
    await ada.chooses({ email: `a.rather.long.address.for.work.${ada.email}` });
    await ada.seesTitle("Connect LinkedIn?");
    await look("connect");
    await ada.press("Connect LinkedIn");
    await ada.sees("It is connected");
    await look("methods-with-providers");
    await ada.open("/account/disconnect/google");
    await look("disconnect");
    await ada.signsOut();
    await look("sign-in-last-used");
    const phone = await another(ada, `${PHONE} [FBAN/FBIOS]`);
    await phone.open("/sign-in");
    await phone.sees("inside another app’s browser");
    wrong.push(...(await lookAt(phone.page, "sign-in-in-app")));
    await ada.comesBy("Google", { email: ada.email, number: "another" });
    await ada.seesTitle("Sign in first");
    await look("sign-in-to-connect");

    await mallory.comesBy("LinkedIn");
    await mallory.isSignedIn();
    const owner = await another(mallory);
    await owner.signsInByMail();
    await owner.sees("Keep or disconnect LinkedIn");
    wrong.push(...(await lookAt(owner.page, "methods-questioned")));
    expect(wrong).toEqual([]);
  });

  test("of what went wrong", async ({ ada, db }) => {
    const wrong: string[] = [];
    const look = async (name: string) => wrong.push(...(await lookAt(ada.page, name)));
    await ada.open("/l/unknown");
    await look("dead-link");
    await ada.open("/l");
    await look("reopen");
    await ada.open("/unavailable");
    await look("unavailable");
    await ada.open("/nothing/here");
    await look("not-found");
    await ada.open("/failed?reference=00000000-0000-4000-8000-000000000000");
    await look("failed");
    await ada.signsIn();
    await db.sql`update users set disabled_at = now() where email = ${ada.email}`;
    await db.clearLimits();
    const { link } = await ada.getsALetter();
    await ada.open(link);
    await ada.press("Sign in");
    await ada.isAt("/sign-in/problem");
    await look("problem");
    expect(wrong).toEqual([]);
  });

  test("of the account", async ({ ada, leo, another, db }) => {
    const wrong: string[] = [];
    const look = async (name: string) => wrong.push(...(await lookAt(ada.page, name)));
    await (await another(ada, PHONE)).signsIn();
    await (await another(ada, LAPTOP)).signsIn();
    await ada.signsIn();
    await look("account");
    await ada.open("/account/methods");
    await look("methods");
    await ada.open("/account/sessions");
    await expect(ada.page.getByRole("listitem")).toHaveCount(3);
    await look("sessions");
    await ada.open("/account/sessions/sign-out-others");
    await look("sign-out-others");
    await ada.open((await leo.getsALetter()).link);
    await ada.sees("You are signed in as");
    await look("confirm-switch");
    await db.sql`insert into outbox (kind, to_address, state, reason, done_at)
      values ('magic_link', ${ada.email}, 'dead', 'over_limit', now())`;
    await ada.open("/mailbox");
    await ada.sees("over the limit");
    await look("mailbox");
    expect(wrong).toEqual([]);
  });
});
