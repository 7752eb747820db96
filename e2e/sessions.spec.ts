import { Client } from "./support/client";
import { formWith, textOf } from "./support/forms";
import { expect, test } from "./support/test";

const PHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
const LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/** The redirect of a browser whose session was ended elsewhere. */
const signedOutAt = (page: string) =>
  `/sign-in?next=${encodeURIComponent(page)}&note=session_ended`;

test("Ada signs out, and the back button shows nothing of her account", async ({ ada, db }) => {
  await ada.startsSignedIn();
  await ada.open("/account");
  await ada.isSignedIn();
  const before = await ada.cookie("session");
  await ada.clickButton("Sign out");
  await ada.seesUrl("/sign-in");
  await ada.sees("You’re signed out.");
  expect(await ada.cookie("session")).toBeUndefined();
  expect(await db.sessionsOf(ada.email)).toHaveLength(0);
  await ada.page.goBack();
  await ada.seesUrl(/\/sign-in/);
  await expect(ada.page.getByText(ada.email)).toHaveCount(0);

  // A copy of the old cookie does not work either.
  await ada.browser.addCookies([before!]);
  await ada.open("/account");
  await ada.seesUrl(signedOutAt("/account"));
  await ada.sees("You were signed out here. Sign in to continue.");
});

test("Ada signs out one device, and then all others on a page that shows their number", async ({
  ada,
  server,
  inbox,
  db,
}) => {
  await ada.startsSignedIn();
  const phone = new Client(server, { "user-agent": PHONE });
  await phone.signIn(ada.email, inbox);
  await ada.open("/account/sessions");
  const rows = ada.page.getByRole("listitem");
  await expect(rows).toHaveCount(2);
  await expect(rows.filter({ hasText: "This device" })).toHaveCount(1);
  await expect(rows.filter({ hasText: "Safari on iPhone" })).toContainText("Signed in by email");
  await ada.clickButton("Sign out Safari on iPhone");
  await ada.sees("That device is signed out.");
  await expect(rows).toHaveCount(1);
  const ended = await phone.get("/account/methods");
  expect(phone.whereTo(ended)).toBe(signedOutAt("/account/methods"));
  expect(textOf((await phone.follow(ended)).body)).toContain(
    "You were signed out here. Sign in to continue.",
  );
  // Not again from a bookmark, or in another tab.
  expect(textOf((await phone.get(signedOutAt("/account"))).body)).not.toContain("signed out here");
  expect(await db.sessionsOf(ada.email)).toHaveLength(1);

  const laptop = new Client(server, { "user-agent": LAPTOP });
  await db.clearLimits();
  for (const other of [phone, laptop]) await other.signIn(ada.email, inbox);
  await ada.page.reload();
  await ada.page.getByRole("link", { name: "Sign out everywhere else" }).click();
  await ada.sees("2 other devices will be signed out. This one stays signed in.");
  expect(await db.sessionsOf(ada.email)).toHaveLength(3);
  await ada.clickButton("Sign out everywhere else");
  await ada.seesUrl("/account/sessions");
  await ada.sees("You’re signed out everywhere else.");
  for (const other of [phone, laptop])
    expect(other.whereTo(await other.get("/account"))).toBe(signedOutAt("/account"));
  expect(await db.sessionsOf(ada.email)).toHaveLength(1);
});

test("the list signs out this device, and not another user's device with a known id", async ({
  server,
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const [ada, email] = [newClient(), newAddress("ada")];
  await ada.signIn(email, inbox);
  const leo = new Client(server, { "user-agent": LAPTOP });
  await leo.signIn(newAddress("leo"), inbox);
  const [adasSession] = await db.sessionsOf(email);
  const { body } = await leo.get("/account/sessions");
  const form = formWith(body, "Sign out Firefox on Linux");
  const refused = await leo.follow(
    await leo.post("/account/sessions", form, { id: adasSession!.id }),
  );
  expect(textOf(refused.body)).toContain("Page not found.");
  expect((await ada.get("/account")).body).toContain(email);

  const signedOut = await leo.post("/account/sessions", form);
  expect(leo.whereTo(signedOut)).toBe("/sign-in");
  expect(textOf((await leo.follow(signedOut)).body)).toContain("You’re signed out.");
  expect(leo.jar.has("latchkey-session")).toBe(false);
});

test("a session ends after a day without use, and after 30 days of use", async ({
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const email = newAddress("ada");
  const signIn = async () => {
    const client = newClient();
    await client.signIn(email, inbox);
    return { client, id: (await db.sessionsOf(email)).at(-1)!.id };
  };
  const used = await signIn();
  await db.advance("sessions", "23 hours 59 minutes", { column: "id", is: used.id });
  expect((await used.client.get("/account")).status).toBe(200);
  // The server stores the time after the response.
  await expect
    .poll(
      () =>
        db.sql`select 1 from sessions where id = ${used.id} and last_seen_at > now() - interval '1 hour'`,
    )
    .toHaveLength(1);
  await db.advance("sessions", "24 hours 1 second", { column: "id", is: used.id });
  expect(used.client.whereTo(await used.client.get("/account"))).toBe(signedOutAt("/account"));

  await db.clearLimits();
  const busy = await signIn();
  const earlier = (by: string) =>
    db.sql`update sessions set ends_at = ends_at - ${by}::interval where id = ${busy.id}`;
  await earlier("29 days 23 hours 58 minutes");
  expect((await busy.client.get("/account")).status).toBe(200);
  await earlier("2 minutes");
  expect(busy.client.whereTo(await busy.client.get("/account"))).toBe(signedOutAt("/account"));
});
