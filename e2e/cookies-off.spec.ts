import { Client } from "./support/client";
import { formWith, textOf } from "./support/forms";
import type { Sent } from "./support/http";
import { expect, test } from "./support/test";

/** A browser that accepts no cookies. */
class CookielessClient extends Client {
  override async send(path: string, sent: Sent = {}) {
    const response = await super.send(path, sent);
    this.jar.clear();
    return response;
  }
}

const sentence =
  "Your browser sent us no cookie, and you can’t sign in without one. Nothing was used or changed.";
const password = "four unrelated words here";

test("a browser without cookies is told so by every form, and nothing is used or changed", async ({
  server,
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const email = newAddress("ada");
  await newClient().signUpAndVerify(email, password, inbox);
  const asker = newClient();
  await asker.requestLink(email);
  const { path: link } = await inbox.letterTo(email);
  await asker.submit("/password", "Email me a link", { email });
  const { path: reset } = await inbox.letterTo(email);
  await expect.poll(() => db.isOutboxEmpty()).toBe(true);

  const rows = () => db.sql`
    select (select count(*)::int from sessions) as sessions, (select count(*)::int from outbox) as letters,
      (select count(*)::int from verifications where consumed_at is null and voided_at is null) as live,
      (select count(*)::int from limits) as limits, (select count(*)::int from oauth_attempts) as attempts,
      (select count(*)::int from audit_events) as events, (select string_agg(password_hash, '') from users) as hashes`;
  const before = await rows();
  const leo = newAddress("leo");
  const forms: [path: string, button: string, typed: Record<string, string>][] = [
    ["/sign-in", "Email me a sign-in link", { email: leo }],
    ["/sign-in/password", "Sign in", { email, password }],
    ["/sign-in", "Continue with Google", {}],
    ["/sign-up", "Sign up", { email: leo, password }],
    ["/password", "Email me a link", { email }],
    [link, "Sign in", { username: email }],
    [link, "Cancel this request", { username: email }],
    [reset, "Set password and sign in", { username: email, password: "another fine harbour" }],
  ];
  const client = new CookielessClient(server);
  for (const [path, button, typed] of forms) {
    const response = await client.submit(path, button, typed);
    expect(client.whereTo(response), `${button} on ${path}`).toMatch(
      /^\/sign-in\?(next=%2Faccount&)?note=cookies_blocked$/,
    );
  }
  const page = await client.get("/sign-in?note=cookies_blocked");
  expect(textOf(page.body)).toContain(sentence);
  expect(page.body).toContain("<title>Error: ");
  expect(await rows()).toEqual(before);

  // A browser whose cookies work is not blamed, whatever the address says.
  const visitor = newClient();
  await visitor.get("/sign-in");
  const blamed = await visitor.get("/sign-in?note=cookies_blocked");
  expect(textOf(blamed.body)).not.toContain(sentence);
  // Such as by the page that waits for a code, opened again from a bookmark.
  for (const path of ["/sign-in/check?asked", "/verify-email?asked", "/password/check?asked"]) {
    const page = await visitor.follow(await visitor.get(path));
    expect(page.body, path).toContain("<h1>");
    expect(textOf(page.body), path).not.toContain(sentence);
  }
});

test("a browser that lost its cookies is told once, its address stays, and the same link then works", async ({
  newClient,
  newAddress,
  inbox,
}) => {
  const email = newAddress("ada");
  const client = newClient();
  const form = formWith(
    (await client.get("/sign-in?next=/account/methods")).body,
    "Email me a sign-in link",
  );
  expect(client.jar.has("latchkey-mail_request")).toBe(true);
  client.jar.clear();
  const refused = await client.post("/sign-in", form, { email });
  expect(client.whereTo(refused)).toBe("/sign-in?next=%2Faccount%2Fmethods&note=cookies_blocked");
  const page = await client.follow(refused);
  expect(textOf(page.body)).toContain(sentence);
  expect(page.body).toContain(`value="${email}"`);
  await client.post("/sign-in", formWith(page.body, "Email me a sign-in link"), { email });
  await client.submit((await inbox.letterTo(email)).path, "Sign in");
  expect((await client.get("/account")).body).toContain(email);
});
