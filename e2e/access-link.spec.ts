import { Client } from "./support/client";
import { expect, test } from "./support/test";

test("support lets in Ada, who is locked out, and she changes nothing about how she signs in", async ({
  ada,
  server,
  inbox,
  newAddress,
  db,
}) => {
  await ada.startsSignedIn();
  await ada.open("/account");
  await ada.clickButton("Sign out");
  const leo = newAddress("leo");
  const support = new Client(server);
  await support.signIn(leo, inbox);
  await db.sql`update users set role = 'support' where email = ${leo}`;
  const [{ id } = { id: "" }] = await db.sql<{ id: string }[]>`
    select id from users where email = ${ada.email}`;
  const page = `/admin/users/${id}/access-link`;
  await support.submit(page, "Send access link", { reason: "Lost her phone" });
  expect((await support.get(page)).body).toContain("Links that can still be used");

  const { path } = await inbox.linkTo(ada.email);
  await ada.open(path);
  await ada.seesTitle("Open your account?");
  await ada.clickButton("Open my account");
  await ada.sees("That isn’t the address this link was sent to. Enter your full email address.");
  await ada.type("Email", ada.email);
  await ada.clickButton("Open my account");
  await ada.seesUrl("/account");
  await ada.sees("This account was opened with a link from our team.");
  await ada.open("/account/sessions");
  await ada.sees("Opened with a link from our team");
  await ada.open("/account/password");
  await ada.seesUrl("/account");
  await ada.open("/account/confirm");
  await ada.clickButton("Email me a link and a code");
  await ada.sees("Sign in yourself to do this.");
  await ada.open("/account/activity");
  await ada.sees("Access link sent to you by our team");
});
