import type { Page } from "@playwright/test";
import { expect, test } from "./support/test";

const password = "four unrelated words here";
const better = "quite another set of words";

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });

test("Ada signs up with a password and the code from her mail, and signs in with it", async ({
  ada,
  db,
}) => {
  await ada.open("/sign-in");
  await ada.type("Email", ada.email);
  await ada.press("Use a password");
  await ada.seesTitle("Sign in with a password");
  await expect(field(ada.page, "Email")).toHaveValue(ada.email);
  await expect(field(ada.page, "Password")).toBeFocused();
  await expect(field(ada.page, "Password")).toHaveAttribute("autocomplete", "current-password");
  await ada.page.getByRole("link", { name: "Sign up" }).click();

  await ada.signsUp(password);
  await ada.isAt("/verify-email?asked");
  await ada.sees(`If ${ada.email} can sign up here, a 6-digit code is on the way.`);
  const [before] = await db.sql`select count(*)::int as n from users where email = ${ada.email}`;
  expect(before).toEqual({ n: 0 });
  await ada.types(await ada.readsTheCode(), "Finish signing up");
  await ada.isSignedIn();
  expect(await db.sessionsOf(ada.email)).toMatchObject([{ method: "email" }]);

  await ada.signsOut();
  await ada.enters(password);
  await ada.isSignedIn();
  await ada.open("/account/methods");
  await ada.sees("Password");
  await ada.sees("Email link");
  expect(await db.auditOf(ada.email)).toMatchObject([
    { event: "sign_up.request", outcome: "ok" },
    { event: "sign_up.verify", outcome: "ok", cause: "signed_up" },
    { event: "password.sign_in", outcome: "ok" },
  ]);
});

test("a password that will not do is told beside its field, and never comes back", async ({
  ada,
  db,
}) => {
  for (const [typed, told] of [
    ["", "Enter a password."],
    ["eleven char", "That password is too short. Use at least 12 characters"],
    ["password1234", "That password is easy to guess."],
    [ada.email.split("@")[0]!, "That password is made of your own address"],
    ["x y".repeat(342), "That password is too long. At most 1,024 characters fit."],
  ] as const) {
    await ada.signsUp(typed);
    await expect(ada.page).toHaveTitle("Error: Sign up to Latchkey · Latchkey");
    await expect(field(ada.page, "New password")).toHaveAttribute("aria-invalid", "true");
    await expect(field(ada.page, "New password")).toHaveValue("");
    await expect(field(ada.page, "Email")).toHaveValue(ada.email);
    await ada.sees(told);
    if (typed) expect(await ada.page.content()).not.toContain(typed.slice(0, 40) + '"');
  }
  expect(await db.lettersTo(ada.email)).toHaveLength(0);
  // What was not taken was not mailed either, and has used up nothing of what may be.
  await ada.signsUp(password);
  await ada.seesTitle("Check your email");
  await ada.types(await ada.readsTheCode(), "Finish signing up");
  await ada.isSignedIn();
});

test("without script a new password is typed twice, and the same @no-js", async ({ ada, db }) => {
  await ada.open("/sign-up");
  await ada.type("Email", ada.email);
  await ada.type("New password", password);
  await ada.type("New password again", better);
  await ada.press("Sign up");
  await ada.sees("The two are not the same.");
  await expect(field(ada.page, "New password again")).toHaveAttribute("aria-invalid", "true");
  expect(await db.lettersTo(ada.email)).toHaveLength(0);
});

test("one answer for every pair that does not go together", async ({ ada, leo, db }) => {
  await ada.joins(password);
  await ada.signsOut();
  await leo.signsIn();
  await leo.signsOut();
  const told = "This email and password do not go together here.";
  for (const [person, email] of [
    [ada, ada.email],
    [leo, leo.email],
    [leo, `nobody-${leo.email}`],
  ] as const) {
    await person.enters("not this one, surely", email);
    await person.sees(told);
    await expect(field(person.page, "Email")).toHaveValue(email);
    await expect(field(person.page, "Password")).toHaveValue("");
  }
  await db.sql`update users set disabled_at = now() where email = ${ada.email}`;
  await ada.enters(password);
  await ada.sees(told);
  await ada.press("Email me a link instead");
  await ada.seesTitle("Check your email");
});

test("Ada forgot her password and comes back by the link, and every other device is out", async ({
  ada,
  another,
  db,
}) => {
  await ada.joins(password);
  await ada.signsOut();
  const phone = await another(ada);
  await phone.enters(password);
  await phone.isSignedIn();

  await ada.open("/sign-in/password");
  await ada.page.getByRole("link", { name: "Set a new password" }).click();
  await ada.type("Email", ada.email);
  await ada.press("Email me a link");
  await ada.isAt("/password/check?asked");
  const letter = await ada.readsTheLetter();
  expect(letter.subject).toBe("Set a new password for Latchkey");
  await ada.open(letter.link);
  await ada.seesTitle("Set a new password");
  await expect(field(ada.page, "Email")).toHaveValue(ada.email);
  await ada.type("New password", "password1234");
  await ada.press("Set password and sign in");
  await ada.sees("That password is easy to guess.");
  await ada.open(letter.link);
  await ada.type("New password", better);
  await ada.press("Set password and sign in");
  await ada.isSignedIn();
  expect((await ada.readsTheNotice()).subject).toBe("Your Latchkey password was changed");
  await phone.isSignedOut();
  expect(await db.sessionsOf(ada.email)).toHaveLength(1);

  await ada.signsOut();
  await ada.enters(password);
  await ada.sees("do not go together");
  await ada.enters(better);
  await ada.isSignedIn();
});

test("the reset link wants the whole address in another browser, the code works in none", async ({
  ada,
  mallory,
}) => {
  await ada.signsIn();
  await ada.signsOut();
  await mallory.open("/password");
  await mallory.type("Email", ada.email);
  await mallory.press("Email me a link");
  await mallory.seesTitle("Check your email");
  const { link, code } = await ada.readsTheLetter();
  await ada.open(link);
  await ada.sees("Type the whole address to sign in here.");
  await expect(field(ada.page, "Email")).toHaveValue("");
  await ada.type("Email", mallory.email);
  await ada.type("New password", better);
  await ada.press("Set password and sign in");
  await ada.sees("That is not the address this link was sent to.");
  // The browser that asked is Mallory's: the code is of use there, and only to who reads Ada's mail.
  await ada.open("/password/check");
  await ada.isAt("/password");
  await ada.open(link);
  await ada.type("Email", ada.email);
  await ada.type("New password", better);
  await ada.press("Set password and sign in");
  await ada.isSignedIn();
  await mallory.page.getByLabel("Code", { exact: true }).fill(code);
  await mallory.type("New password", "what Mallory would like");
  await mallory.press("Set password and sign in");
  await mallory.sees("That code is not right");
});

test("a first password comes by the code of the reset mail, too", async ({ ada, db }) => {
  await ada.signsIn();
  await ada.signsOut();
  await ada.open("/password");
  await ada.type("Email", ada.email);
  await ada.press("Email me a link");
  const { code } = await ada.readsTheLetter();
  await ada.page.getByLabel("Code", { exact: true }).fill(code);
  await ada.type("New password", better);
  await ada.press("Set password and sign in");
  await ada.isSignedIn();
  expect((await ada.readsTheNotice()).subject).toBe("A password was set for Latchkey");
  expect(await db.sessionsOf(ada.email)).toMatchObject([{ method: "email" }]);
});

test.describe("In her account", () => {
  test("nobody is asked about a password before they are signed in", async ({ mallory }) => {
    for (const page of ["password", "password/remove", "prove", "methods"]) {
      await mallory.open(`/account/${page}`);
      await mallory.isAt(`/sign-in?next=${encodeURIComponent(`/account/${page}`)}`);
    }
  });

  test("Ada sets, changes and removes a password, and is told each time", async ({
    ada,
    another,
    db,
  }) => {
    await ada.signsIn();
    const phone = await another(ada);
    await phone.signsIn();
    await ada.open("/account/methods");
    await ada.page.getByRole("link", { name: "Set a password" }).click();
    await ada.seesTitle("Set a new password");
    await ada.sees("1 other device will be signed out.");
    await ada.type("New password", password);
    await ada.press("Set password");
    await ada.isAt("/account/methods");
    await ada.sees("Your password is set.");
    expect((await ada.readsTheNotice()).subject).toBe("A password was set for Latchkey");
    await phone.isSignedOut();

    await ada.page.getByRole("link", { name: "Change Password" }).click();
    await ada.type("New password", better);
    await ada.press("Set password");
    expect((await ada.readsTheNotice()).subject).toBe("Your Latchkey password was changed");

    await ada.page.getByRole("link", { name: "Remove Password" }).click();
    await ada.press("Remove password");
    await ada.sees("Your password is removed.");
    expect((await ada.readsTheNotice()).subject).toBe("Your Latchkey password was removed");
    await ada.signsOut();
    await ada.enters(better);
    await ada.sees("do not go together");
    expect(await db.sessionsOf(ada.email)).toHaveLength(0);
  });

  test("what touches the password asks first whether it is she, and then goes on", async ({
    ada,
    db,
  }) => {
    await ada.joins(password);
    const id = (await db.sessionsOf(ada.email))[0]!.id;
    const tokenBefore = (await ada.cookie("session"))?.value;
    const tenMinutesPass = () =>
      db.sql`update sessions set authenticated_at = now() - interval '601 seconds' where id = ${id}`;

    await tenMinutesPass();
    await ada.open("/account/password");
    await ada.isAt("/account/prove?next=%2Faccount%2Fpassword");
    await ada.type("Password", "not this one, surely");
    await ada.press("Continue");
    await ada.sees("That is not the password of this account.");
    await ada.type("Password", password);
    await ada.press("Continue");
    await ada.isAt("/account/password");
    expect((await ada.cookie("session"))?.value).not.toBe(tokenBefore);

    // The form lay open for too long: what she typed is completed after the proof.
    await ada.type("New password", better);
    await tenMinutesPass();
    await ada.press("Set password");
    await ada.isAt(/\/account\/prove\?next=%2Faccount%2Fpassword&for=[\w-]{43}$/);
    await ada.seesTitle("Confirm it’s you to set your password");
    await ada.type("Password", password);
    await ada.press("Continue");
    await ada.isAt("/account/methods");
    await ada.sees("Your password is set.");
    await ada.readsTheNotice();

    // By mail: the code here, the link in this browser and session alone.
    await tenMinutesPass();
    await ada.open("/account/password/remove");
    await ada.press("Remove password");
    await ada.seesTitle("Confirm it’s you to remove your password");
    await ada.press("Email me a link and a code");
    await ada.sees("A mail is on the way.");
    const { code } = await ada.readsTheLetter();
    await ada.types(code === "000000" ? "000001" : "000000", "Continue with the code");
    await ada.sees("That code is not right");
    await expect(field(ada.page, "Code")).toHaveAttribute("aria-invalid", "true");
    await ada.types(code, "Continue with the code");
    await ada.sees("Your password is removed.");
    expect(await db.sessionsOf(ada.email)).toMatchObject([{ id }]);
  });

  test("the link of that mail shows it in the session that asked, and in no other", async ({
    ada,
    another,
    db,
  }) => {
    await ada.signsIn();
    const phone = await another(ada);
    await phone.signsIn();
    await db.sql`update sessions set authenticated_at = now() - interval '601 seconds'`;
    await ada.open("/account/password");
    await ada.press("Email me a link and a code");
    const { link } = await ada.readsTheLetter();
    await phone.open(link);
    await phone.press("It is me");
    await phone.seesTitle("This link can’t be used");
    await phone.open("/account/password");
    await phone.seesTitle("Is it you?");
    await ada.open(link);
    await ada.press("It is me");
    await ada.open("/account/password");
    await ada.seesTitle("Set a new password");
  });
});

// What the server does about Mallory, whatever his browser runs.
test.describe("Under attack @once", () => {
  test("the owner signs in from her own browser, and by link from anywhere", async ({
    ada,
    mallory,
    another,
  }) => {
    await ada.joins(password);
    await ada.signsOut();
    await mallory.enters("guess number 0 of many", ada.email);
    for (let n = 1; n < 10; n += 1) {
      const answered = mallory.page.waitForEvent("domcontentloaded");
      await mallory.type("Password", `guess number ${n} of many`);
      await mallory.press("Sign in");
      await answered;
      await mallory.sees("do not go together");
    }
    await mallory.enters(password, ada.email);
    await mallory.sees("Too many passwords were tried.");
    await ada.enters(password);
    await ada.isSignedIn();
    const phone = await another(ada);
    await phone.enters(password);
    await phone.sees("Too many passwords were tried.");
    await phone.press("Email me a link instead");
    await phone.open((await phone.readsTheLetter()).link);
    await phone.press("Sign in");
    await phone.isSignedIn();
  });

  test("a sign-up with Ada's address gives Mallory nothing, whoever comes first", async ({
    ada,
    mallory,
    db,
  }) => {
    await mallory.signsUp("what Mallory would like", ada.email);
    await mallory.seesTitle("Check your email");
    const planted = await ada.readsTheCode();
    await ada.signsUp(password);
    const own = await ada.readsTheCode();
    // Ada types the wrong mail's code first: it activates nothing of Mallory's.
    await ada.types(planted === own ? "000000" : planted, "Finish signing up");
    await ada.sees("That code is not right");
    await ada.types(own, "Finish signing up");
    await ada.isSignedIn();
    await mallory.types(planted, "Finish signing up");
    await mallory.sees("That code is not right");
    await mallory.enters("what Mallory would like", ada.email);
    await mallory.sees("do not go together");
    expect(await db.sessionsOf(ada.email)).toHaveLength(1);
  });

  test("what Mallory planted is dead once Ada came by link", async ({ ada, mallory, db }) => {
    await mallory.signsUp("what Mallory would like", ada.email);
    const planted = await ada.readsTheCode();
    await ada.signsIn();
    await mallory.types(planted, "Finish signing up");
    await mallory.sees("That code is not right");
    await mallory.enters("what Mallory would like", ada.email);
    await mallory.sees("do not go together");
    const [user] = await db.sql`select password_hash from users where email = ${ada.email}`;
    expect(user).toEqual({ password_hash: null });
  });

  test("an address that has an account is answered like any other, and its owner gets a link", async ({
    ada,
    mallory,
  }) => {
    await ada.joins(password);
    await ada.signsOut();
    await mallory.signsUp("what Mallory would like", ada.email);
    await mallory.isAt("/verify-email?asked");
    const { subject, text } = await ada.readsTheNotice();
    expect(subject).toBe("You already have an account at Latchkey");
    expect(text).not.toMatch(/\b\d{6}\b/);
    // The right password of his own attempt leads him to the code page, as with any address.
    await mallory.enters("what Mallory would like", ada.email);
    await mallory.isAt("/verify-email");
    await mallory.sees("Type the code we mailed you");
    await ada.open(/http:\S+\/l\/\S+/.exec(text)![0]);
    await ada.sees("Type the whole address to sign in here.");
    await ada.type("Email", ada.email);
    await ada.press("Sign in");
    await ada.isSignedIn();
  });
});
