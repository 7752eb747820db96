import { textOf } from "./support/forms";
import { type HttpResponse, cookiesOf } from "./support/http";
import { expect, test } from "./support/test";

test.describe("Ada signs in", () => {
  test("by the link in her email, and sees her sessions and sign-in methods", async ({
    ada,
    db,
  }) => {
    await ada.open("/");
    await ada.seesUrl("/sign-in?next=%2Faccount");
    await ada.seesTitle("Sign in to Latchkey");
    await ada.type("Email", ada.email);
    await ada.clickButton("Email me a sign-in link");

    await ada.seesUrl(/\/sign-in\/check/);
    await ada.seesTitle("Check your email");
    await ada.sees(`If ${ada.email} can sign in here, a link and a 6-digit code are on their way.`);
    await ada.sees("The link works for 1 hour, the code for 10 minutes.");

    const letter = await ada.readsTheLetter();
    expect(letter.subject).toBe(`${letter.code} is your code to sign in to Latchkey`);
    await ada.open(letter.link);
    await ada.seesTitle("Sign in to Latchkey?");
    await ada.sees("a**@example.com");
    await ada.sees("Chrome");
    expect(await ada.page.content()).not.toContain(letter.code);
    await expect(ada.page.getByRole("button", { name: "Sign in", exact: true })).not.toBeFocused();

    await ada.clickButton("Sign in");
    await ada.seesUrl("/account");
    await ada.isSignedIn();
    await ada.sees("1 device");
    expect(await ada.cookie("session")).toMatchObject({
      httpOnly: true,
      sameSite: "Lax",
      path: "/",
      secure: false,
    });
    await ada.page.getByRole("link", { name: "Sign-in methods" }).click();
    await ada.sees("Email link");
    await ada.page.getByRole("link", { name: "Sessions" }).click();
    await ada.sees("This device");
    await ada.sees("127.0.0.1");
    await ada.page.reload();
    await ada.sees("This device");

    expect(await db.sessionsOf(ada.email)).toHaveLength(1);
    expect(await db.verificationsOf(ada.email)).toMatchObject([{ state: "used" }]);
    expect(await db.auditOf(ada.email)).toMatchObject([
      { event: "magic_link.request", outcome: "ok" },
      { event: "magic_link.redeem", outcome: "ok", cause: "signed_up" },
    ]);
  });

  test("by the code instead of the link", async ({ ada, db }) => {
    const { code, link } = await ada.requestAndReceiveLink();
    await expect(ada.page.getByLabel("Code", { exact: true })).toBeFocused();
    await ada.submitCode(code);
    await ada.isSignedIn();
    expect(await db.verificationsOf(ada.email)).toMatchObject([{ state: "used" }]);
    // The link of the same email then leads to the account without a second session.
    await ada.open(link);
    await ada.isSignedIn();
    expect(await db.sessionsOf(ada.email)).toHaveLength(1);
  });
});

test("another spelling of the address signs in to the same account", async ({
  client,
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const email = newAddress("ada");
  await client.signIn(email, inbox);
  const phone = newClient();
  const check = await phone.follow(await phone.requestLink(`  ${email.toUpperCase()} `));
  expect(textOf(check.body)).toContain(email);
  const { code } = await inbox.letterTo(email);
  const account = await phone.follow(await phone.submit("/sign-in/check", "Continue", { code }));
  expect(textOf(account.body)).toContain("2 devices");
  expect(await db.users(email)).toBe(1);
  expect(await db.sessionsOf(email)).toHaveLength(2);
});

test("a session ends with the browser, or after 90 days where the user chose to stay signed in", async ({
  client,
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const email = newAddress("ada");
  const days = (response: HttpResponse) => {
    const { attributes = [] } = cookiesOf(response).get("latchkey-session") ?? {};
    const maxAge = attributes.find((one) => one.startsWith("Max-Age="))?.slice("Max-Age=".length);
    expect(attributes.some((one) => one.startsWith("Expires="))).toBe(maxAge !== undefined);
    return maxAge === undefined ? "with the browser" : Number(maxAge) / (24 * 60 * 60);
  };
  await client.requestLink(email);
  const { path: unticked } = await inbox.letterTo(email);
  expect(days(await client.submit(unticked, "Sign in"))).toBe("with the browser");
  const endsAt =
    await db.sql`select round(extract(epoch from sessions.ends_at - sessions.created_at) / 86400)::int as days
    from sessions join users on users.id = user_id where email = ${email}`;
  expect(endsAt).toEqual([{ days: 30 }]);
  const [remembered, phone] = [newClient(), newClient()];
  await remembered.requestLink(email, { remember: "on" });
  expect(days(await remembered.submit((await inbox.letterTo(email)).path, "Sign in"))).toBe(90);
  await newClient().requestLink(email, { remember: "on" });
  const { path } = await inbox.letterTo(email);
  const onPhone = await phone.submit(path, "Sign in", { username: email });
  expect(days(onPhone)).toBe("with the browser");
  // The sign-in page redirects a user who is signed in.
  expect(phone.whereTo(await phone.get("/sign-in"))).toBe("/account");
});

test("“Keep me signed in” stays chosen when a request for a link is refused", async ({ ada }) => {
  await ada.requestLink({ remember: true }, "ada@example");
  await ada.sees("Enter an email address");
  await expect(ada.keepBeside("Email me a sign-in link")).toBeChecked();
  // The choice is one, though the providers' form has a checkbox of its own.
  await ada.keepBeside("Continue with Google").uncheck();
  await expect(ada.keepBeside("Email me a sign-in link")).not.toBeChecked();
  await ada.open("/sign-up");
  await ada.page.getByLabel("Keep me signed in").check();
  await ada.clickButton("Sign up");
  await ada.sees("Enter your email address.");
  await expect(ada.page.getByLabel("Keep me signed in")).toBeChecked();
});
