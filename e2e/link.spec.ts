import { expect, test } from "./support/test";

test.describe("A link opened in another browser", () => {
  test("signs in there once the whole address is typed", async ({ ada, another, db }) => {
    const { link } = await ada.getsALetter();
    const phone = await another(ada);
    await phone.open(link);
    await phone.sees("This link was asked for in another browser.");
    await expect(phone.page.getByLabel("Email", { exact: true })).toHaveAttribute(
      "autocomplete",
      "username",
    );
    await phone.type("Email", ada.email.toUpperCase());
    await phone.press("Sign in");
    await phone.isSignedIn();
    // It signs in the browser that pressed, and no other.
    await ada.isSignedOut();
    expect(await db.sessionsOf(ada.email)).toHaveLength(1);
  });

  test("says so when the address is wrong, and works afterwards", async ({ ada, another, db }) => {
    const { link } = await ada.getsALetter();
    const phone = await another(ada);
    await phone.open(link);
    for (const typed of ["", "ada", "somebody@example.com"]) {
      await phone.type("Email", typed);
      await phone.press("Sign in");
      await phone.sees("That is not the address this link was sent to. Type the whole address.");
      await expect(phone.page).toHaveTitle(/^Error: /);
      await expect(phone.page.getByLabel("Email", { exact: true })).toHaveAttribute(
        "aria-invalid",
        "true",
      );
      expect(await phone.cookie("session")).toBeUndefined();
    }
    expect(await db.verificationsOf(ada.email)).toMatchObject([{ state: "live" }]);
    await phone.type("Email", ada.email);
    await phone.press("Sign in");
    await phone.isSignedIn();
  });

  test("is cancelled there only with the whole address, too", async ({ ada, another, db }) => {
    const { link } = await ada.getsALetter();
    const phone = await another(ada);
    await phone.open(link);
    await phone.press("Cancel this request");
    await phone.sees("That is not the address this link was sent to.");
    expect(await db.verificationsOf(ada.email)).toMatchObject([{ state: "live" }]);
    await phone.type("Email", ada.email);
    await phone.press("Cancel this request");
    await phone.isAt("/sign-in");
    await phone.sees("The request is cancelled. Its link and code no longer work.");
    expect(await db.verificationsOf(ada.email)).toMatchObject([{ state: "voided" }]);
  });

  test("signs nobody in to the account of whoever sent it", async ({ ada, mallory, db }) => {
    const { link } = await mallory.getsALetter();
    await ada.open(link);
    await ada.type("Email", ada.email);
    await ada.press("Sign in");
    await ada.sees("That is not the address this link was sent to.");
    expect(await ada.cookie("session")).toBeUndefined();
    expect(await db.sessionsOf(mallory.email)).toHaveLength(0);
  });
});

test.describe("A link that can't be used", () => {
  test("was cancelled, and its code with it", async ({ ada }) => {
    const { link, code } = await ada.getsALetter();
    await ada.open(link);
    await ada.press("Cancel this request");
    await ada.sees("The request is cancelled.");
    await ada.open("/sign-in/check");
    await ada.types(code);
    await ada.sees("That code is not right");
    await ada.open(link);
    await ada.seesTitle("This link can’t be used");
  });

  test("was used before", async ({ ada, another }) => {
    const { link } = await ada.getsALetter();
    await ada.open(link);
    await ada.press("Sign in");
    await ada.isSignedIn();
    const phone = await another(ada);
    await phone.open(link);
    await phone.seesTitle("This link can’t be used");
    await phone.sees(/Links work once, for (1|one) hour/);
    await phone.sees(/Reference: [0-9a-f-]{36}/);
  });

  test("is older than an hour, and is replaced right there", async ({ ada, db }) => {
    const { link } = await ada.getsALetter();
    await db.age("verifications", "59 minutes 30 seconds", { column: "identifier", is: ada.email });
    await ada.open(link);
    await ada.seesTitle("Sign in to Latchkey?");
    await db.age("verifications", "31 seconds", { column: "identifier", is: ada.email });
    await db.ageLimits("1 hour");
    await ada.press("Sign in");
    await ada.seesTitle("This link can’t be used");

    await ada.type("Email", ada.email);
    await ada.press("Send a new link");
    await ada.seesTitle("Check your email");
    await ada.open((await ada.readsTheLetter()).link);
    await ada.press("Sign in");
    await ada.isSignedIn();
    expect(await db.auditOf(ada.email)).toMatchObject([
      { event: "magic_link.request" },
      { event: "magic_link.redeem", outcome: "link_dead", cause: "expired" },
      { event: "magic_link.request" },
      { event: "magic_link.redeem", outcome: "ok" },
    ]);
  });

  test("never existed", async ({ ada }) => {
    for (const token of ["x", "A".repeat(43), "%20", "../account", "null"]) {
      await ada.open(`/l/${token}`);
      if (token !== "../account") await ada.seesTitle("This link can’t be used");
    }
  });

  test("still lets through whoever is signed in as its person", async ({ ada, db }) => {
    const { link } = await ada.getsALetter({ next: "/account/methods" });
    await ada.open(link);
    await ada.press("Sign in");
    await ada.isAt("/account/methods");
    await db.age("verifications", "2 hours", { column: "identifier", is: ada.email });
    await ada.open(link);
    await ada.isAt("/account/methods");
  });

  test("of an account that is switched off says so, and starts no session", async ({ ada, db }) => {
    await ada.signsIn();
    await db.sql`update users set disabled_at = now() where email = ${ada.email}`;
    await ada.isAt("/account");
    await ada.open("/account");
    await ada.isAt(/\/sign-in\?.*note=session_ended/);
    await db.clearLimits();
    const { link } = await ada.getsALetter();
    await ada.open(link);
    await ada.press("Sign in");
    await ada.isAt("/sign-in/problem");
    await ada.sees("This account is switched off.");
    await ada.isSignedOut();
  });
});

test.describe("Ada is signed in, and opens Leo's link", () => {
  test("she may stay who she is", async ({ ada, leo, db }) => {
    await ada.signsIn();
    await ada.open((await leo.getsALetter()).link);
    await ada.sees(`You are signed in as ${ada.email}.`);
    await ada.page.getByRole("link", { name: "Stay signed in" }).click();
    await ada.isSignedIn();
    expect(await db.verificationsOf(leo.email)).toMatchObject([{ state: "live" }]);
  });

  test("or switch, which ends her session here", async ({ ada, leo, db }) => {
    await ada.signsIn();
    await ada.open((await leo.getsALetter()).link);
    await ada.type("Email", leo.email);
    await ada.press("Switch account");
    await ada.isAt("/account");
    await expect(ada.page.locator("header")).toContainText(leo.email);
    expect(await db.sessionsOf(ada.email)).toHaveLength(0);
    expect(await db.sessionsOf(leo.email)).toHaveLength(1);
  });
});

test.describe("Where signing in leads", () => {
  test("is the page of ours that was asked for", async ({ ada }) => {
    await ada.open("/account/sessions");
    await ada.isAt("/sign-in?next=%2Faccount%2Fsessions");
    await ada.type("Email", ada.email);
    await ada.press("Email me a sign-in link");
    await ada.open((await ada.readsTheLetter()).link);
    await ada.press("Sign in");
    await ada.isAt("/account/sessions");
  });

  test("is the account page where another was slipped in @once", async ({
    newClient,
    newAddress,
    db,
    inbox,
  }) => {
    for (const hostile of [
      "https://evil.example/",
      "//evil.example/",
      "/\\evil.example",
      "/%2f%2fevil.example",
      "/%5cevil.example",
      "/\t/evil.example",
      "/.//evil.example",
      "/\u2044evil.example",
      "@evil.example",
      "javascript:alert(1)",
      "/account\r\nset-cookie: a=b",
      `/${"a".repeat(9_000)}`,
    ]) {
      await db.clearLimits();
      const ada = newClient();
      const email = newAddress("ada");
      await ada.askForLink(email, { next: hostile });
      const { code, path } = await inbox.letterTo(email);
      const byCode = await ada.submit("/sign-in/check", "Continue", { code });
      expect(ada.whereTo(byCode), hostile).toBe("/account");
      expect(ada.whereTo(await ada.get(path)), hostile).toBe("/account");
      expect(ada.whereTo(await ada.get(`/sign-in?next=${encodeURIComponent(hostile)}`))).toBe(
        "/account",
      );
    }
  });
});
