import { expect, test } from "./support/test";

test("ada changes her address, and undoes that from her old mailbox", async ({
  ada,
  another,
  newAddress,
  inbox,
}) => {
  await ada.startsSignedIn();
  await ada.open("/account/profile");
  await ada.type("Name", "Ada <b>Lovelace</b>");
  await ada.clickButton("Save");
  await ada.sees("Your profile is saved.");
  await ada.page.getByRole("link", { name: "Change email address" }).click();
  const email = newAddress("new");
  await ada.type("New email address", email);
  await ada.clickButton("Send a code");
  await ada.seesTitle("Confirm your new address");
  await ada.submitCode(await inbox.codeTo(email), "Change address");
  await ada.sees("Your email address is changed.");
  await expect(ada.page.locator("header")).toContainText(email);
  await ada.open("/account");
  await ada.sees("Ada <b>Lovelace</b>");

  const [link] = /http\S+\/l\/undo\/\S+/.exec((await ada.readsTheNotice()).text)!;
  const phone = await another(ada);
  await phone.open(link);
  await expect(phone.page).toHaveURL(/\/l$/);
  await phone.clickButton("Restore the old address");
  await phone.sees("That isn’t the address this link was sent to.");
  await phone.open(link);
  await phone.type("Email", ada.email);
  await phone.clickButton("Restore the old address");
  await phone.sees("The old address is restored");
  await ada.isSignedOut();
});
