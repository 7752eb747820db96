import { expect, test } from "./support/test";

test("ada takes her data with her, deletes her account, and restores it", async ({
  ada,
  client,
}) => {
  await ada.startsSignedIn();
  await ada.open("/account/delete");
  const downloads = ada.page.waitForEvent("download");
  await ada.page.getByRole("link", { name: "Download everything" }).click();
  const file = await (await downloads).createReadStream();
  let text = "";
  for await (const part of file) text += String(part);
  expect(JSON.parse(text)).toMatchObject({ profile: { address: ada.email } });

  await ada.clickButton("Delete account");
  await ada.sees("That isn’t the email address of this account.");
  await ada.type("Email", ada.email);
  await ada.clickButton("Delete account");
  await ada.sees("Your account is deleted, and all devices are signed out.");
  const [link] = /http\S+\/l\/restore\/\S+/.exec((await ada.readsTheNotice()).text)!;

  await ada.signInByLink();
  await ada.seesTitle("Restore your account?");
  for (const path of [
    "/account",
    "/account/connect",
    "/account/methods",
    "/sign-in",
    "/account/export",
  ]) {
    await ada.open(path);
    await ada.seesUrl("/account/restore");
  }
  // To other applications she is signed out.
  for (const { name, value } of await ada.browser.cookies()) client.jar.set(name, value);
  expect((await client.get("/check")).status).toBe(401);
  for (const path of ["/api/v1/session", "/api/auth/session"])
    expect((await client.get(path)).body).toMatch(/^(\{"session":null\}|null)$/);
  await expect(ada.page.locator("main button")).toHaveText(["Restore account", "Sign out"]);
  await ada.clickButton("Restore account");
  await ada.sees("Your account is restored.");
  await ada.isSignedIn();
  await ada.open(link);
  await ada.seesTitle("This link can’t be used");
});
