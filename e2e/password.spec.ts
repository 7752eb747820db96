import type { Page } from "@playwright/test";
import type { Client } from "./support/client";
import { formWith, textOf } from "./support/forms";
import type { HttpResponse } from "./support/http";
import { fieldOf, titleOf } from "./support/markup";
import { expect, test } from "./support/test";

const password = "four unrelated words here";
const better = "quite another set of words";

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });

test("Ada signs up with a password and the code from her email, and signs in with it", async ({
  ada,
  db,
}) => {
  await ada.open("/sign-in");
  await ada.type("Email", ada.email);
  await ada.clickButton("Use a password");
  await ada.seesTitle("Sign in with a password");
  await expect(field(ada.page, "Email")).toHaveValue(ada.email);
  await expect(field(ada.page, "Password")).toBeFocused();
  await expect(field(ada.page, "Password")).toHaveAttribute("autocomplete", "current-password");
  await ada.page.getByRole("link", { name: "Sign up" }).click();

  await ada.type("Email", ada.email);
  await ada.type("New password", password);
  await ada.clickButton("Sign up");
  await ada.seesUrl("/verify-email?asked");
  await ada.sees(`If ${ada.email} can sign up here, a 6-digit code is on its way.`);
  expect(await db.users(ada.email)).toBe(0);
  await ada.submitCode(await ada.readsTheCode(), "Finish signing up");
  await ada.isSignedIn();
  expect(await db.sessionsOf(ada.email)).toMatchObject([{ method: "email" }]);

  await ada.signOut();
  await ada.signInWithPassword(password);
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

test("Ada resets her password by the link, and every other device is signed out", async ({
  ada,
  client,
  inbox,
  db,
}) => {
  await client.signUpAndVerify(ada.email, password, inbox);
  await ada.open("/sign-in/password");
  await ada.type("Email", ada.email);
  await ada.clickButton("Forgot password?");
  await ada.seesTitle("Set a new password");
  // The address is carried along.
  await expect(field(ada.page, "Email")).toHaveValue(ada.email);
  await ada.clickButton("Email me a link");
  await ada.seesUrl("/password/check?asked");
  const letter = await ada.readsTheLetter();
  expect(letter.subject).toBe(`${letter.code} is your code to set a new password for Latchkey`);
  await ada.open(letter.link);
  await ada.seesTitle("Set a new password");
  await expect(field(ada.page, "Email")).toHaveValue(ada.email);
  await ada.type("New password", better);
  await ada.clickButton("Set password and sign in");
  await ada.isSignedIn();
  await ada.sees("Your password is set.");
  expect((await ada.readsTheNotice()).subject).toBe("Your Latchkey password was changed");
  expect(client.whereTo(await client.get("/account"))).toMatch(/^\/sign-in\?next=%2Faccount/);
  expect(await db.sessionsOf(ada.email)).toHaveLength(1);

  await ada.signOut();
  await ada.signInWithPassword(password);
  await ada.sees("email and password don’t match");
  await ada.signInWithPassword(better);
  await ada.isSignedIn();
});

test("Ada sets, changes and removes a password in her account, and gets an email each time", async ({
  ada,
  client,
  newClient,
  inbox,
  db,
}) => {
  await ada.startsSignedIn();
  await client.signIn(ada.email, inbox);
  await ada.open("/account/methods");
  await ada.page.getByRole("link", { name: "Set a password" }).click();
  await ada.seesTitle("Set a new password");
  await ada.sees("1 other device will be signed out.");
  await ada.type("New password", password);
  await ada.clickButton("Set password");
  await ada.seesUrl("/account/methods");
  await ada.sees("Your password is set.");
  expect((await ada.readsTheNotice()).subject).toBe("A password was set for Latchkey");
  expect(client.whereTo(await client.get("/account"))).toMatch(/^\/sign-in\?next=%2Faccount/);

  await ada.page.getByRole("link", { name: "Change password" }).click();
  await ada.type("New password", better);
  await ada.clickButton("Set password");
  expect((await ada.readsTheNotice()).subject).toBe("Your Latchkey password was changed");

  await ada.page.getByRole("link", { name: "Remove password" }).click();
  await ada.clickButton("Remove password");
  await ada.sees("Your password is removed.");
  expect((await ada.readsTheNotice()).subject).toBe("Your Latchkey password was removed");
  await ada.signOut();
  const refused = await newClient().json("/api/v1/sessions", {
    email: ada.email,
    password: better,
  });
  expect(JSON.parse(refused.body)).toMatchObject({ code: "invalid_credentials" });
  expect(await db.sessionsOf(ada.email)).toHaveLength(0);
});

test("actions on the password require step-up, and continue after it", async ({ ada, db }) => {
  await ada.startsWithPassword(password);
  const id = (await db.sessionsOf(ada.email))[0]!.id;
  const tokenBefore = (await ada.cookie("session"))?.value;
  const tenMinutesPass = () =>
    db.sql`update sessions set authenticated_at = now() - interval '601 seconds' where id = ${id}`;

  await tenMinutesPass();
  await ada.open("/account/password");
  await ada.seesUrl("/account/confirm?next=%2Faccount%2Fpassword");
  await ada.type("Password", password);
  await ada.clickButton("Continue");
  await ada.seesUrl("/account/password");
  expect((await ada.cookie("session"))?.value).not.toBe(tokenBefore);

  // The session is too old when she submits: the change is completed after the step-up.
  await ada.type("New password", better);
  await tenMinutesPass();
  await ada.clickButton("Set password");
  await ada.seesUrl(/\/account\/confirm\?next=%2Faccount%2Fpassword&for=[\w-]{43}$/);
  await ada.seesTitle("Confirm it’s you to set your password");
  await ada.type("Password", password);
  await ada.clickButton("Continue");
  await ada.seesUrl("/account/methods");
  await ada.sees("Your password is set.");
  await ada.readsTheNotice();

  // She steps up with an emailed code.
  await tenMinutesPass();
  await ada.open("/account/password/remove");
  await ada.clickButton("Remove password");
  await ada.seesTitle("Confirm it’s you to remove your password");
  await ada.clickButton("Email me a link and a code");
  await ada.sees("An email is on its way.");
  await ada.submitCode((await ada.readsTheLetter()).code, "Continue with the code");
  await ada.sees("Your password is removed.");
  expect(await db.sessionsOf(ada.email)).toMatchObject([{ id }]);
});

const isSignedIn = ({ jar }: Client) => jar.has("latchkey-session");

/** The page after a response. */
const pageAfter = async (client: Client, response: HttpResponse) =>
  (await client.follow(response)).body;

const signIn = (client: Client, email: string, password: string) =>
  client.submit("/sign-in/password", "Sign in", { email, password });

test("the page reports an unacceptable password beside its field, and never repeats it", async ({
  client,
  newAddress,
  inbox,
  db,
}) => {
  const email = newAddress("ada");
  for (const [typed, message] of [
    ["", "Enter a password."],
    ["eleven char", "That password is too short. Use at least 12 characters"],
    ["password1234", "That password is easy to guess."],
    [email.split("@")[0]!, "That password contains your email address"],
    ["x y".repeat(342), "That password is too long. Use at most 1,024 characters."],
  ] as const) {
    const result = await client.submit("/sign-up", "Sign up", { email, password: typed });
    const page = await pageAfter(client, result);
    expect(titleOf(page), message).toBe("Error: Sign up for Latchkey · Latchkey");
    expect(textOf(page)).toContain(message);
    expect(fieldOf(page, "password"), message).toContain('aria-invalid="true"');
    expect(fieldOf(page, "password"), message).not.toContain(" value=");
    expect(fieldOf(page, "email"), message).toContain(`value="${email}"`);
    if (typed) expect(page).not.toContain(typed.slice(0, 40) + '"');
  }
  expect(await db.lettersTo(email)).toHaveLength(0);
  // The refused sign-ups sent no email and used up no limit.
  await client.submit("/sign-up", "Sign up", { email, password });
  const code = await inbox.codeTo(email);
  await client.submit("/verify-email", "Finish signing up", { code });
  expect(isSignedIn(client)).toBe(true);
});

test("after a wrong password the page keeps only the address, and offers a link instead", async ({
  client,
  newClient,
  newAddress,
  inbox,
}) => {
  const email = newAddress("ada");
  await newClient().signUpAndVerify(email, password, inbox);
  const page = await pageAfter(client, await signIn(client, email, "not this one, surely"));
  expect(textOf(page)).toContain("That email and password don’t match.");
  expect(fieldOf(page, "email")).toContain(`value="${email}"`);
  expect(fieldOf(page, "password")).not.toContain(" value=");
  const form = formWith(page, "Email me a link instead");
  const asked = await client.post("/sign-in/password", form, { email, password });
  expect(client.whereTo(asked)).toBe("/sign-in/check?asked");
  await inbox.letterTo(email);
});

test("in another browser the reset link needs the whole address, and the code does not work", async ({
  client,
  newClient,
  newAddress,
  inbox,
}) => {
  const [email, mallory] = [newAddress("ada"), newClient()];
  await newClient().signIn(email, inbox);
  await mallory.submit("/password", "Email me a link", { email });
  const { path, code } = await inbox.letterTo(email);
  const { body } = await client.get(path);
  expect(textOf(body)).toContain("Enter your full email address to continue.");
  expect(fieldOf(body, "username")).not.toContain(email);
  const save = (username: string) =>
    client.submit(path, "Set password and sign in", { username, password: better });
  expect(textOf(await pageAfter(client, await save(newAddress("mallory"))))).toContain(
    "That isn’t the address this link was sent to.",
  );
  expect(isSignedIn(client)).toBe(false);
  // Only Mallory's browser can use the code, and only a reader of Ada's mailbox knows it.
  expect(client.whereTo(await client.get("/password/check"))).toBe("/password");
  const button = "Set password and sign in";
  const codeForm = formWith((await mallory.get("/password/check")).body, button);
  await save(email);
  expect(isSignedIn(client)).toBe(true);
  const typed = await mallory.post("/password/check", codeForm, {
    code,
    password: "what Mallory would like",
  });
  // Not that it was used: an address without an account would never be.
  expect(textOf(await pageAfter(mallory, typed))).toContain("That code is wrong or has expired.");
  expect(isSignedIn(mallory)).toBe(false);
});

test("Ada can set her first password with the code of the reset email", async ({
  client,
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const email = newAddress("ada");
  await newClient().signIn(email, inbox);
  await client.submit("/password", "Email me a link", { email });
  const { code } = await inbox.letterTo(email);
  await client.submit("/password/check", "Set password and sign in", { code, password: better });
  expect(isSignedIn(client)).toBe(true);
  expect((await inbox.nextTo(email)).subject).toBe("A password was set for Latchkey");
  expect(await db.sessionsOf(email)).toMatchObject([{ method: "email" }]);
});

test("the password pages of the account redirect a visitor to the sign-in page", async ({
  client,
}) => {
  for (const page of ["password", "password/remove", "confirm", "methods"])
    expect(client.whereTo(await client.get(`/account/${page}`))).toBe(
      `/sign-in?next=${encodeURIComponent(`/account/${page}`)}`,
    );
});

test("the step-up page reports a wrong password and a wrong code beside the field", async ({
  client,
  newAddress,
  inbox,
}) => {
  const email = newAddress("ada");
  await client.signUpAndVerify(email, password, inbox);
  const stepUpPage = "/account/confirm?next=%2Faccount%2Fpassword";
  const wrong = await client.submit(stepUpPage, "Continue", { password: "not this one, surely" });
  const page = await pageAfter(client, wrong);
  expect(textOf(page)).toContain("That password is wrong.");
  expect(fieldOf(page, "password")).toContain('aria-invalid="true"');
  const asked = client.whereTo(await client.submit(stepUpPage, "Email me a link and a code"))!;
  const { code } = await inbox.letterTo(email);
  const typed = await client.submit(asked, "Continue with the code", {
    code: code === "000000" ? "000001" : "000000",
  });
  const codePage = await pageAfter(client, typed);
  expect(textOf(codePage)).toContain("That code is wrong");
  expect(fieldOf(codePage, "code")).toContain('aria-invalid="true"');
});

test("the step-up link works only in the session that requested it", async ({
  client,
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const [email, phone] = [newAddress("ada"), newClient()];
  for (const browser of [client, phone]) await browser.signIn(email, inbox);
  await db.sql`update sessions set authenticated_at = now() - interval '601 seconds'`;
  const stepUpPage = "/account/confirm?next=%2Faccount%2Fpassword";
  for (const browser of [client, phone])
    expect(browser.whereTo(await browser.get("/account/password"))).toBe(stepUpPage);
  await client.submit(stepUpPage, "Email me a link and a code");
  const { path } = await inbox.letterTo(email);
  expect(textOf((await phone.get(path)).body)).toContain("This link can’t be used");
  const form = formWith((await client.get(path)).body, "Yes, it’s me");
  const confirmed = await phone.post(path, form);
  expect(textOf(await pageAfter(phone, confirmed))).toContain("This link can’t be used");
  expect(phone.whereTo(await phone.get("/account/password"))).toBe(stepUpPage);
  await client.submit(path, "Yes, it’s me");
  expect((await client.get("/account/password")).status).toBe(200);
});

test("while Mallory guesses passwords, Ada signs in from a known browser, and by link from any browser", async ({
  newClient,
  newAddress,
  inbox,
}) => {
  const [ada, mallory, phone, email] = [newClient(), newClient(), newClient(), newAddress("ada")];
  await ada.signUpAndVerify(email, password, inbox);
  await ada.submit("/account", "Sign out");
  for (let n = 0; n < 10; n += 1) {
    const guess = { email, password: `guess number ${n} of many` };
    const { body } = await mallory.json("/api/v1/sessions", guess);
    expect(JSON.parse(body)).toMatchObject({ code: "invalid_credentials" });
  }
  for (const stranger of [mallory, phone])
    expect(textOf(await pageAfter(stranger, await signIn(stranger, email, password)))).toContain(
      "Too many wrong passwords.",
    );
  await signIn(ada, email, password);
  expect(isSignedIn(ada)).toBe(true);
  await phone.submit("/sign-in/password", "Email me a link instead", { email });
  await phone.submit((await inbox.letterTo(email)).path, "Sign in");
  expect(isSignedIn(phone)).toBe(true);
});

test("a sign-up with Ada's address gives Mallory no access, before or after Ada's own", async ({
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const [ada, mallory, email] = [newClient(), newClient(), newAddress("ada")];
  const wished = "what Mallory would like";
  const type = async (client: Client, code: string) =>
    textOf(
      await pageAfter(client, await client.submit("/verify-email", "Finish signing up", { code })),
    );
  await mallory.submit("/sign-up", "Sign up", { email, password: wished });
  const mallorysCode = await inbox.codeTo(email);
  await ada.submit("/sign-up", "Sign up", { email, password });
  const own = await inbox.codeTo(email);
  // Ada first types the code of Mallory's sign-up, which does not complete it.
  expect(await type(ada, mallorysCode === own ? "000000" : mallorysCode)).toContain(
    "That code is wrong",
  );
  await type(ada, own);
  expect(isSignedIn(ada)).toBe(true);
  expect(await type(mallory, mallorysCode)).toContain("That code is wrong");
  expect(textOf(await pageAfter(mallory, await signIn(mallory, email, wished)))).toContain(
    "email and password don’t match",
  );
  expect(await db.sessionsOf(email)).toHaveLength(1);
});
