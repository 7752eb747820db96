import { Client } from "./support/client";
import { expect, test } from "./support/test";

test("Ada of support disables an account after she confirmed, and the form she sent goes on", async ({
  ada,
  server,
  inbox,
  newAddress,
  db,
}) => {
  const leo = newAddress("leo");
  const leosBrowser = new Client(server);
  await leosBrowser.signIn(leo, inbox);
  await ada.startsSignedIn();
  await ada.open("/admin/users");
  await ada.seesTitle("Page not found");
  await db.sql`update users set role = 'support' where email = ${ada.email}`;
  await db.sql`update sessions set authenticated_at = now() - interval '31 minutes'
    where user_id = (select id from users where email = ${ada.email})`;

  await ada.open("/account");
  await ada.page.getByRole("link", { name: "Staff", exact: true }).click();
  await ada.type("Email address or user ID", leo.slice(0, -12));
  await ada.clickButton("Search");
  await expect(ada.page.getByRole("listitem")).toHaveCount(1);
  await ada.page.getByRole("link", { name: `Open ${leo}` }).click();
  await ada.seesTitle(leo);
  await ada.page.getByRole("link", { name: "Disable account" }).click();
  await ada.type("Reason", "Sends spam");
  await ada.clickButton("Disable account");
  await ada.seesTitle("Confirm it’s you to change this person’s account");
  await ada.clickButton("Email me a link and a code");
  await ada.submitCode((await ada.readsTheLetter()).code, "Continue with the code");

  await ada.sees("The account is disabled, and all its sessions have ended.");
  await ada.sees("Reason: Sends spam");
  await expect(ada.page.locator("header")).toContainText("Staff");
  expect((await leosBrowser.get("/account")).status).not.toBe(200);
  expect((await inbox.nextTo(leo)).subject).toBe("Your Latchkey account was disabled");
});

for (const javaScriptEnabled of [true, false])
  test.describe(`with script ${javaScriptEnabled ? "on" : "off"}`, () => {
    test.use({ javaScriptEnabled });

    test("support starts a change of Ada's lost address, she confirms the new one, and it is stopped", async ({
      ada,
      server,
      inbox,
      newAddress,
      db,
    }) => {
      await ada.startsSignedIn();
      const [leo, newEmail] = [newAddress("leo"), newAddress("ada-new")];
      const support = new Client(server);
      await support.signIn(leo, inbox);
      await db.sql`update users set role = 'support' where email = ${leo}`;
      const [{ id } = { id: "" }] = await db.sql<{ id: string }[]>`
        select id from users where email = ${ada.email}`;
      const page = `/admin/users/${id}/email`;
      const fields = { email: newEmail, reason: "Lost her mailbox" };
      await support.submit(page, "Send a code to the new address", fields);
      expect((await support.get(page)).body).toContain("Pending new address");

      const { path, code } = await inbox.letterTo(newEmail);
      await ada.open(path);
      await ada.seesTitle("Confirm your new email address");
      await ada.type("Current email address of your account", newEmail);
      await ada.submitCode(code, "Confirm");
      await ada.sees("That isn’t the email address of this account.");
      await ada.type("Current email address of your account", ada.email);
      await ada.submitCode(code, "Confirm");
      await ada.sees("Your new address is confirmed.");

      await ada.open("/account");
      await ada.sees("Your email address will change");
      const stop = await inbox.linkTo(ada.email);
      await ada.open(stop.path);
      await ada.type("Email", ada.email);
      await ada.clickButton("Stop the change");
      await ada.sees("The change is stopped. Your account keeps its address.");
      await ada.open("/account/profile");
      await expect(ada.page.getByText("Your email address will change")).toHaveCount(0);
      expect((await inbox.nextTo(newEmail)).subject).toContain("keeps its old address");
    });
  });
