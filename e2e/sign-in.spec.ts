import { expect, test } from "./support/test";

test.describe("Ada signs in", () => {
  test("by the link in her mail, and sees her sessions and ways in", async ({ ada, db }) => {
    await ada.open("/");
    await ada.isAt("/sign-in?next=%2Faccount");
    await ada.seesTitle("Sign in to Latchkey");
    await ada.type("Email", ada.email);
    await ada.press("Email me a sign-in link");

    await ada.isAt(/\/sign-in\/check/);
    await ada.seesTitle("Check your email");
    await ada.sees(`If ${ada.email} can sign in here, a link and a 6-digit code are on the way.`);
    await ada.sees("The link works for 1 hour, the code for 10 minutes.");

    const letter = await ada.readsTheLetter();
    expect(letter.subject).toBe("Sign in to Latchkey");
    await ada.open(letter.link);
    await ada.seesTitle("Sign in to Latchkey?");
    await ada.sees("a**@example.com");
    await ada.sees("Chrome");
    expect(await ada.page.content()).not.toContain(letter.code);
    await expect(ada.page.getByRole("button", { name: "Sign in", exact: true })).not.toBeFocused();

    await ada.press("Sign in");
    await ada.isAt("/account");
    await ada.isSignedIn();
    await ada.sees("1 device");
    await ada.page.getByRole("link", { name: "Sign-in methods" }).click();
    await ada.sees("Email link");
    await ada.page.getByRole("link", { name: "Sessions" }).click();
    await ada.sees("This device");
    await ada.sees("127.0.0.1");

    expect(await db.sessionsOf(ada.email)).toHaveLength(1);
    expect(await db.verificationsOf(ada.email)).toMatchObject([{ state: "used" }]);
    expect(await db.auditOf(ada.email)).toMatchObject([
      { event: "magic_link.request", outcome: "ok" },
      { event: "magic_link.redeem", outcome: "ok", cause: "signed_up" },
    ]);
  });

  test("by the code instead of the link", async ({ ada, db }) => {
    const { code, link } = await ada.getsALetter();
    await expect(ada.page.getByLabel("Code", { exact: true })).toBeFocused();
    await ada.types(code);
    await ada.isSignedIn();
    expect(await db.verificationsOf(ada.email)).toMatchObject([{ state: "used" }]);
    // The link of the same mail lets her through now, and starts no second session.
    await ada.open(link);
    await ada.isSignedIn();
    expect(await db.sessionsOf(ada.email)).toHaveLength(1);
  });

  test("a second time, to the same account", async ({ ada, another, db }) => {
    await ada.signsIn();
    const phone = await another(ada);
    await phone.signsIn();
    const [users] = await db.sql`select count(*)::int as n from users where email = ${ada.email}`;
    expect(users).toEqual({ n: 1 });
    await phone.sees("2 devices");
  });

  test("with capitals and spaces around her address", async ({ ada, db }) => {
    await ada.asks({}, `  ${ada.email.toUpperCase()} `);
    await ada.sees(ada.email);
    await ada.types((await ada.readsTheLetter()).code);
    await ada.isSignedIn();
    expect(await db.sessionsOf(ada.email)).toHaveLength(1);
  });

  test("and her cookie ends after 30 days, HttpOnly and Lax", async ({ ada }) => {
    await ada.signsIn();
    const cookie = await ada.cookie("session");
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Lax", path: "/", secure: false });
    expect(daysLeft(cookie?.expires)).toBe(30);
  });

  test("and is kept signed in for 90 days when she says so", async ({ ada }) => {
    await ada.signsIn({ keep: true });
    expect(daysLeft((await ada.cookie("session"))?.expires)).toBe(90);
  });

  test("and her choice to be kept does not travel to another browser", async ({ ada, another }) => {
    const { link } = await ada.getsALetter({ keep: true });
    const phone = await another(ada);
    await phone.open(link);
    await phone.type("Email", ada.email);
    await phone.press("Sign in");
    await phone.isSignedIn();
    expect(daysLeft((await phone.cookie("session"))?.expires)).toBe(30);
  });

  test("and stays so over a reload and a restart of the server", async ({ ada, server }) => {
    await ada.signsIn();
    await ada.page.reload();
    await ada.isSignedIn();
    await server.restart();
    await ada.open("/account");
    await ada.isSignedIn();
  });

  test("and finds the sign-in page leads to her account", async ({ ada }) => {
    await ada.signsIn();
    await ada.open("/sign-in");
    await ada.isAt("/account");
  });
});

const daysLeft = (expires = 0) => Math.round((expires - Date.now() / 1000) / (24 * 60 * 60));
