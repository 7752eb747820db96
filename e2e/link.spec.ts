import type { Client } from "./support/client";
import { formWith, textOf } from "./support/forms";
import type { HttpResponse } from "./support/http";
import { fieldOf, titleOf } from "./support/markup";
import { expect, test } from "./support/test";

const isSignedIn = ({ jar }: Client) => jar.has("latchkey-session");

/** The text of the page after a response. */
const textAfter = async (client: Client, response: HttpResponse) =>
  textOf((await client.follow(response)).body);

const cannotBeUsed = "This link can’t be used";
const wrongAddress = "That isn’t the address this link was sent to. Enter your full email address.";

test("a link opened in another browser signs Ada in there once she types the whole address", async ({
  ada,
  client,
  db,
}) => {
  await client.requestLink(ada.email);
  const { link } = await ada.readsTheLetter();
  await ada.open(link);
  await ada.sees("This link was requested in another browser");
  await expect(ada.page.getByLabel("Email", { exact: true })).toHaveAttribute(
    "autocomplete",
    "username",
  );
  await ada.type("Email", ada.email.toUpperCase());
  await ada.clickButton("Sign in");
  await ada.isSignedIn();
  // Only the browser that submitted the form is signed in.
  expect(client.whereTo(await client.get("/account"))).toMatch(/^\/sign-in\?next=%2Faccount/);
  expect(await db.sessionsOf(ada.email)).toHaveLength(1);
});

test.describe("In another browser", () => {
  test("the page reports a wrong address beside its field, and the link stays usable", async ({
    newClient,
    newAddress,
    inbox,
    db,
  }) => {
    const email = newAddress("ada");
    await newClient().requestLink(email);
    const { path } = await inbox.letterTo(email);
    const phone = newClient();
    for (const username of ["", "ada", "somebody@example.com", newAddress("mallory")]) {
      const { body } = await phone.follow(await phone.submit(path, "Sign in", { username }));
      expect(textOf(body), username).toContain(wrongAddress);
      expect(titleOf(body), username).toMatch(/^Error: /);
      expect(fieldOf(body, "username"), username).toContain('aria-invalid="true"');
      expect(isSignedIn(phone), username).toBe(false);
    }
    expect(await db.sessionsOf(email)).toHaveLength(0);
    expect(await db.verificationsOf(email)).toMatchObject([{ state: "live" }]);
    await phone.submit(path, "Sign in", { username: email });
    expect(isSignedIn(phone)).toBe(true);
  });

  test("a request is cancelled only with the whole address, and then its link and code do not work", async ({
    client,
    newClient,
    newAddress,
    inbox,
    db,
  }) => {
    const [email, phone] = [newAddress("ada"), newClient()];
    await client.requestLink(email);
    const { path, code } = await inbox.letterTo(email);
    const codeForm = formWith((await client.get("/sign-in/check")).body, "Continue");
    const cancel = (username: string) => phone.submit(path, "Cancel this request", { username });
    expect(await textAfter(phone, await cancel(""))).toContain(wrongAddress);
    expect(await db.verificationsOf(email)).toMatchObject([{ state: "live" }]);
    const cancelled = await cancel(email);
    expect(phone.whereTo(cancelled)).toBe("/sign-in");
    expect(await textAfter(phone, cancelled)).toContain(
      "The request is cancelled. Its link and code no longer work.",
    );
    expect(await db.verificationsOf(email)).toMatchObject([{ state: "voided" }]);

    const typed = await client.post("/sign-in/check", codeForm, { code });
    expect(await textAfter(client, typed)).toContain(
      "was cancelled, so its link and code no longer work.",
    );
    expect(textOf((await client.get(path)).body)).toContain(cannotBeUsed);
    expect(isSignedIn(client)).toBe(false);
  });
});

test.describe("A link that is expired, used or unknown", () => {
  test("shows a page with a reference, on which Ada requests a new link", async ({
    client,
    newClient,
    newAddress,
    inbox,
    db,
  }) => {
    const email = newAddress("ada");
    await client.requestLink(email);
    const { path } = await inbox.letterTo(email);
    const form = formWith((await client.get(path)).body, "Sign in");
    await db.advance("verifications", "1 hour 1 second", { column: "identifier", is: email });
    await db.ageLimits("1 hour");
    const invalid = await client.follow(await client.post(path, form));
    expect(textOf(invalid.body)).toContain(cannotBeUsed);
    expect(isSignedIn(client)).toBe(false);

    const asked = await client.post(path, formWith(invalid.body, "Send a new link"), { email });
    expect(client.whereTo(asked)).toMatch(/^\/sign-in\/check/);
    const { path: fresh } = await inbox.letterTo(email);
    await client.submit(fresh, "Sign in");
    expect(isSignedIn(client)).toBe(true);
    expect(await db.auditOf(email)).toMatchObject([
      { event: "magic_link.request" },
      { event: "magic_link.redeem", outcome: "link_invalid", cause: "expired" },
      { event: "magic_link.request" },
      { event: "magic_link.redeem", outcome: "ok" },
    ]);

    const used = textOf((await newClient().get(fresh)).body);
    expect(used).toContain(cannotBeUsed);
    expect(used).toMatch(/Links work once, for (1|one) hour/);
    expect(used).toMatch(/Reference: [0-9a-f-]{36}/);
  });

  test("shows the same page when it never existed", async ({ client }) => {
    for (const token of ["x", "A".repeat(43), "%20", "null"])
      expect(textOf((await client.get(`/l/${token}`)).body), token).toContain(cannotBeUsed);
    expect((await client.get("/l/../account")).status).toBeLessThan(400);
  });

  test("leads to the next page when Ada is already signed in", async ({
    client,
    newAddress,
    inbox,
    db,
  }) => {
    const email = newAddress("ada");
    await client.requestLink(email, { next: "/account/methods" });
    const { path } = await inbox.letterTo(email);
    expect(client.whereTo(await client.submit(path, "Sign in"))).toBe("/account/methods");
    await db.advance("verifications", "2 hours", { column: "identifier", is: email });
    expect(client.whereTo(await client.get(path))).toBe("/account/methods");
  });
});

test("the owner of a disabled account gets a message and no session after confirming the link", async ({
  client,
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const email = newAddress("ada");
  await client.signIn(email, inbox);
  await db.sql`update users set disabled_at = now() where email = ${email}`;
  expect(client.whereTo(await client.get("/account"))).toMatch(/^\/sign-in\?.*note=session_ended/);
  const other = newClient();
  await other.requestLink(email);
  const confirmed = await other.submit((await inbox.letterTo(email)).path, "Sign in");
  expect(other.whereTo(confirmed)).toBe("/sign-in/problem");
  expect(await textAfter(other, confirmed)).toContain("This account is disabled.");
  expect(isSignedIn(other)).toBe(false);
});

test("Ada opens Leo's link while signed in: she stays signed in, or switches and her session ends", async ({
  client,
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const [ada, leo] = [newAddress("ada"), newAddress("leo")];
  await client.signIn(ada, inbox);
  await newClient().requestLink(leo);
  const { path } = await inbox.letterTo(leo);
  const { body } = await client.get(path);
  expect(titleOf(body)).toBe("Switch account? · Latchkey");
  expect(body).toContain("<h1>Switch account?</h1>");
  expect(textOf(body)).toContain(`You’re signed in as ${ada} .`);
  expect(body).toMatch(/<a href="\/account">Stay signed in<\/a>/);
  // One note, which says what the address is for.
  expect(body.match(/class="note /g)).toHaveLength(1);
  expect(textOf(body)).toContain("You need it to switch and to cancel the request.");
  expect((await client.get("/account")).body).toContain(ada);
  expect(await db.verificationsOf(leo)).toMatchObject([{ state: "live" }]);

  const switched = await client.submit(path, "Switch account", { username: leo });
  expect(client.whereTo(switched)).toBe("/account");
  expect((await client.follow(switched)).body).toContain(leo);
  expect(await db.sessionsOf(ada)).toHaveLength(0);
  expect(await db.sessionsOf(leo)).toHaveLength(1);
});

test.describe("Where signing in leads", () => {
  test("is the page of ours that was requested", async ({ client, newAddress, inbox }) => {
    const email = newAddress("ada");
    const start = client.whereTo(await client.get("/account/sessions"));
    expect(start).toBe("/sign-in?next=%2Faccount%2Fsessions");
    await client.submit(start!, "Email me a sign-in link", { email });
    const { path } = await inbox.letterTo(email);
    expect(client.whereTo(await client.submit(path, "Sign in"))).toBe("/account/sessions");
  });

  test("is the account page when `next` is hostile", async ({
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
      await ada.requestLink(email, { next: hostile });
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
