import { formWith, textOf } from "./support/forms";
import { isAt, testWithProviders } from "./support/oidc";
import { expect, test } from "./support/test";
import { setOut, travel, wayBackFrom } from "./support/travel";

test("an empty or broken address is told beside its field, and nothing is mailed", async ({
  ada,
  db,
}) => {
  const field = ada.page.getByLabel("Email", { exact: true });
  for (const [typed, told] of [
    ["", "Enter your email address."],
    ["ada", "Enter an email address in the form name@example.com."],
    ["ada@b@example.com", "Enter an email address in the form name@example.com."],
    ["ada@exam ple.com", "Enter an email address in the form name@example.com."],
    ["ａda@example.com", "Enter an email address in the form name@example.com."],
  ] as const) {
    await ada.asks({}, typed);
    const summary = ada.page.getByRole("alert").filter({ hasText: told });
    await expect(summary).toBeFocused();
    await expect(summary.getByRole("link", { name: told })).toHaveAttribute("href", "#email");
    await expect(ada.page).toHaveTitle("Error: Sign in to Latchkey · Latchkey");
    await expect(field).toHaveAttribute("aria-invalid", "true");
    await expect(field).toHaveAccessibleDescription(told);
    await expect(field).toHaveValue(typed);
  }
  const [letters] =
    await db.sql`select count(*)::int as n from outbox where to_address like 'ada@%'`;
  expect(letters).toEqual({ n: 0 });
});

test("the sixth request from one network in an hour is refused, and keeps the address", async ({
  ada,
  newAddress,
  db,
}) => {
  for (let n = 0; n < 5; n += 1) {
    await ada.asks({}, newAddress("somebody"));
    await ada.seesTitle("Check your email");
  }
  await ada.asks();
  await ada.seesTitle("Sign in to Latchkey");
  await ada.sees(/Too many requests\. Try again in (1 hour|60 minutes)\./);
  await expect(ada.page.getByLabel("Email", { exact: true })).toHaveValue(ada.email);
  expect(await db.lettersTo(ada.email)).toHaveLength(0);
  await db.ageLimits("1 hour");
  await ada.asks();
  await ada.seesTitle("Check your email");
});

test("a request whose link is used does not count", async ({ ada, leo, newAddress }) => {
  await ada.signsIn();
  for (let n = 0; n < 4; n += 1) await leo.asks({}, newAddress("somebody"));
  await leo.asks();
  await leo.seesTitle("Check your email");
  await leo.readsTheLetter();
});

test("the fourth mail to one address is withheld, and the page is the same", async ({
  ada,
  another,
  db,
}) => {
  for (let n = 0; n < 3; n += 1) {
    const browser = await another(ada);
    await browser.getsALetter();
  }
  await ada.asks();
  await ada.seesTitle("Check your email");
  await ada.sees(`If ${ada.email} can sign in here, a link and a 6-digit code are on the way.`);
  expect((await db.lettersTo(ada.email)).at(-1)).toMatchObject({
    state: "dead",
    reason: "over_limit",
  });

  await ada.open("/mailbox");
  await ada.sees("over the limit");
  await ada.press("Clear all limits");
  await ada.sees("All limits start anew.");
  await ada.signsIn();
});

testWithProviders(
  "the thirty-first start with a provider from one network is refused, and the other ways are not",
  async ({ newClient, newAddress, inbox, db }) => {
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
    for (let n = 1; n < 30; n += 1) expect(await start(n), `start ${n}`).toBe("/sign-in/leaving");
    // To set out for connecting counts as well.
    const link = () => ada.json("/api/v1/auth-providers/links", { provider: "google" });
    expect((await link()).status).toBe(201);
    const refused = await link();
    expect(refused.status).toBe(429);
    expect(JSON.parse(refused.body)).toMatchObject({ code: "too_many_requests" });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(590);
    expect(await start(31)).toBe("/sign-in?next=%2Faccount%2Fmethods");
    const page = await client.get("/sign-in?next=%2Faccount%2Fmethods");
    expect(textOf(page.body)).toMatch(/Too many requests\. Try again in 10 minutes\./);
    const mailed = await client.submit("/sign-in", "Email me a sign-in link", {
      email: newAddress("leo"),
    });
    expect(client.whereTo(mailed)).toBe("/sign-in/check?asked");
    await db.ageLimits("10 minutes");
    expect(await start(32)).toBe("/sign-in/leaving");
  },
);

testWithProviders(
  "the thirty-first way back from a provider is refused, and the next one is not when there is room again",
  async ({ oidc, newClient, newAddress, db }) => {
    isAt(oidc.linkedin, newAddress("leo"));
    const leo = newClient();
    const late = await wayBackFrom(await setOut(leo, "linkedin"));
    for (let n = 1; n <= 30; n += 1) {
      const client = newClient();
      const answer = await client.get("/api/auth/callback/google?code=x&state=y");
      expect(client.whereTo(answer)).toBe("/sign-in/problem");
    }
    const users = await db.users();
    const page = await leo.follow(await leo.get(late));
    expect(textOf(page.body)).toMatch(/Too many requests\. Try again in 10 minutes\./);
    expect(page.body).toContain('href="/sign-in"');
    expect([leo.jar.has("latchkey-session"), await db.users()]).toEqual([false, users]);
    await db.ageLimits("10 minutes");
    await travel(leo, "linkedin");
    expect(leo.jar.has("latchkey-session")).toBe(true);
  },
);
