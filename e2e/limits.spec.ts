import { formWith, textOf } from "./support/forms";
import { setUser, testWithProviders as test } from "./support/oidc";
import { expect } from "./support/test";
import { startOAuth, signInWithProvider, callbackUrlFrom } from "./support/oauth";

/** What a user sees at a limit. The flow tests check when it is reached. */

test("the page reports an invalid address beside its field and sends no email", async ({
  ada,
  db,
}) => {
  const field = ada.page.getByLabel("Email", { exact: true });
  for (const [typed, message] of [
    ["", "Enter your email address."],
    ["ada@example", "Enter an email address in the form name@example.com."],
    ["ada@exam\u200bple.com", /^This address contains a character that you can’t see/],
  ] as const) {
    await ada.requestLink({}, typed);
    // Once, beside the field, which has the focus: no summary says the same above it.
    await expect(field).toBeFocused();
    await expect(ada.page.getByText(message)).toHaveCount(1);
    await expect(ada.page).toHaveTitle("Error: Sign in to Latchkey · Latchkey");
    await expect(field).toHaveAttribute("aria-invalid", "true");
    await expect(field).toHaveAccessibleDescription(message);
    await expect(field).toHaveValue(typed);
  }
  const [letters] =
    await db.sql`select count(*)::int as n from outbox where to_address like 'ada@%'`;
  expect(letters).toEqual({ n: 0 });
});

test("the sixth request from one network in an hour is refused, and the form keeps the address", async ({
  newClient,
  newAddress,
  db,
}) => {
  for (let n = 0; n < 5; n += 1) {
    const visitor = newClient();
    const response = await visitor.requestLink(newAddress("visitor"));
    expect(visitor.whereTo(response)).toBe("/sign-in/check?asked");
  }
  const [ada, email] = [newClient(), newAddress("ada")];
  const page = await ada.follow(await ada.requestLink(email));
  const text = textOf(page.body);
  expect(text).toContain("from your network, by you or by others who share it.");
  expect(text).toMatch(/Try again in (1 hour|60 minutes), or sign in with a password/);
  expect(page.body).toMatch(new RegExp(`<input[^>]* name="email"[^>]* value="${email}"`));
  // A provider signs up as well; neither it nor a password sets a new password.
  const signUp = { email, password: "four unrelated words here" };
  for (const [path, button, typed, end] of [
    ["/sign-up", "Sign up", signUp, /, or sign in with Google or LinkedIn, which needs no email\./],
    ["/password", "Email me a link", { email }, /Try again in (1 hour|60 minutes)\./],
  ] as const)
    expect(textOf((await ada.follow(await ada.submit(path, button, typed))).body)).toMatch(end);
  expect(await db.lettersTo(email)).toHaveLength(0);
  await db.ageLimits("1 hour");
  expect(ada.whereTo(await ada.requestLink(email))).toBe("/sign-in/check?asked");
});

test("the mailbox shows which email was withheld, and clears all limits", async ({
  newClient,
  newAddress,
  db,
}) => {
  const email = newAddress("ada");
  for (let n = 0; n < 4; n += 1) await newClient().requestLink(email);
  expect((await db.lettersTo(email)).map(({ state, reason }) => [state, reason]).at(-1)).toEqual([
    "dead",
    "over_limit",
  ]);
  const ada = newClient();
  expect(textOf((await ada.get("/mailbox")).body)).toContain("Over the hourly limit");
  const cleared = await ada.follow(await ada.submit("/mailbox", "Clear all limits"));
  expect(textOf(cleared.body)).toContain("All limits were cleared.");
  await ada.requestLink(email);
  expect(await db.lettersTo(email)).toHaveLength(5);
  expect((await db.lettersTo(email)).at(-1)).not.toMatchObject({ state: "dead" });
});

test("the 31st OAuth start from one network is refused, and other sign-in methods still work", async ({
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const [client, ada] = [newClient(), newClient()];
  await ada.signIn(newAddress("ada"), inbox);
  const form = formWith((await client.get("/sign-in")).body, "Continue with Google");
  const start = async (n: number) =>
    client.whereTo(
      await client.post("/sign-in", form, {
        provider: n % 2 ? "google" : "linkedin",
        next: "/account/methods",
      }),
    );
  for (let n = 1; n < 30; n += 1) expect(await start(n), `start ${n}`).toBe("/sign-in/continue");
  // An OAuth start to connect a provider counts too.
  const link = () => ada.json("/api/v1/auth-providers/links", { provider: "google" });
  expect((await link()).status).toBe(201);
  const refused = await link();
  expect(refused.status).toBe(429);
  expect(JSON.parse(refused.body)).toMatchObject({ code: "too_many_requests" });
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(590);
  expect(await start(31)).toBe("/sign-in?next=%2Faccount%2Fmethods");
  const page = await client.get("/sign-in?next=%2Faccount%2Fmethods");
  expect(textOf(page.body)).toMatch(
    /Too many attempts from your network, .+\. Try again in 10 minutes\./,
  );
  const mailed = await client.submit("/sign-in", "Email me a sign-in link", {
    email: newAddress("leo"),
  });
  expect(client.whereTo(mailed)).toBe("/sign-in/check?asked");
  await db.ageLimits("10 minutes");
  expect(await start(32)).toBe("/sign-in/continue");
});

test("the 31st OAuth callback from one network is refused, and works again after ten minutes", async ({
  oidc,
  newClient,
  newAddress,
  db,
}) => {
  setUser(oidc.linkedin, newAddress("leo"));
  const leo = newClient();
  const late = await callbackUrlFrom(await startOAuth(leo, "linkedin"));
  for (let n = 1; n <= 30; n += 1) {
    const client = newClient();
    await client.get("/sign-in");
    const response = await client.get("/api/auth/callback/google?code=x&state=y");
    expect(client.whereTo(response)).toBe("/sign-in/problem");
  }
  const users = await db.users();
  const page = await leo.follow(await leo.get(late));
  expect(textOf(page.body)).toMatch(
    /Too many attempts from your network, .+\. Try again in 10 minutes\./,
  );
  expect(page.body).toContain('href="/sign-in"');
  expect([leo.jar.has("latchkey-session"), await db.users()]).toEqual([false, users]);
  await db.ageLimits("10 minutes");
  await signInWithProvider(leo, "linkedin");
  expect(leo.jar.has("latchkey-session")).toBe(true);
});
