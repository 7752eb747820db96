import type { Client } from "./support/client";
import { formWith, textOf } from "./support/forms";
import { fieldOf, titleOf } from "./support/markup";
import { expect, test } from "./support/test";

/** The page for a code, over HTTP. */

const otherThan = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, "0");

/** Submits a code; returns the page that follows. */
const submitCode = async (client: Client, code: string) =>
  (await client.follow(await client.submit("/sign-in/check", "Continue", { code }))).body;

const isSignedIn = ({ jar }: Client) => jar.has("latchkey-session");

test("the page reports a wrong code beside the field, accepts five tries, and the link still works", async ({
  client,
  newAddress,
  inbox,
  db,
}) => {
  const email = newAddress("ada");
  await client.requestLink(email);
  const { code, path } = await inbox.letterTo(email);
  for (let tries = 1; tries < 5; tries += 1) {
    const page = await submitCode(client, otherThan(code));
    expect(textOf(page)).toContain("That code is wrong");
    expect(titleOf(page)).toMatch(/^Error: Check your email/);
    expect(fieldOf(page, "code")).toContain('aria-invalid="true"');
    expect(fieldOf(page, "code")).toContain('aria-describedby="code-error');
    expect(await db.verificationsOf(email)).toMatchObject([{ state: "live", tries }]);
  }
  const page = await submitCode(client, otherThan(code));
  expect(textOf(page)).toContain("Too many wrong codes. Use the link in the same email");
  expect(fieldOf(page, "code")).toBe("");
  await client.submit(path, "Sign in");
  expect(isSignedIn(client)).toBe(true);
});

test("a code without six digits is refused and uses up no try", async ({
  client,
  newAddress,
  inbox,
  db,
}) => {
  const email = newAddress("ada");
  await client.requestLink(email);
  for (const typed of ["", "12345", "abcdef", "1234567"])
    expect(textOf(await submitCode(client, typed)), typed).toContain(
      "Enter the 6-digit code from the email.",
    );
  expect(await db.verificationsOf(email)).toMatchObject([{ tries: 0 }]);
  await submitCode(client, (await inbox.letterTo(email)).code);
  expect(isSignedIn(client)).toBe(true);
});

test("a code does not work in another browser and uses up no try there", async ({
  client,
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const [email, mallory] = [newAddress("ada"), newClient()];
  await client.requestLink(email);
  const { code } = await inbox.letterTo(email);
  expect(mallory.whereTo(await mallory.get("/sign-in/check"))).toBe("/sign-in");
  // Mallory has a code page of his own, and changes its address to Ada's.
  await mallory.requestLink(newAddress("mallory"));
  const form = formWith((await mallory.get("/sign-in/check")).body, "Continue");
  const response = await mallory.follow(
    await mallory.post("/sign-in/check", form, { email, code }),
  );
  expect(textOf(response.body)).toContain("That code is wrong");
  expect(isSignedIn(mallory)).toBe(false);
  expect(await db.verificationsOf(email)).toMatchObject([{ state: "live", tries: 0 }]);
  await submitCode(client, code);
  expect(isSignedIn(client)).toBe(true);
});

test("a second request is refused for a minute, and then sends another email", async ({
  client,
  newAddress,
  inbox,
  db,
}) => {
  const email = newAddress("ada");
  await client.requestLink(email);
  const again = await client.requestLink(email);
  expect(client.whereTo(again)).toBe("/sign-in/check");
  expect(textOf((await client.follow(again)).body)).toMatch(
    /An email was requested just now\. You can request another one in (\d+ seconds?|1 minute)\./,
  );
  expect(await db.lettersTo(email)).toHaveLength(1);
  await inbox.letterTo(email);
  await db.ageLimits("61 seconds");
  await db.advance("verifications", "61 seconds", { column: "identifier", is: email });
  await client.submit("/sign-in/check", "Send again");
  await submitCode(client, (await inbox.letterTo(email)).code);
  expect(isSignedIn(client)).toBe(true);
});

test("a code whose response was lost can be entered again on the page that waits for it", async ({
  client,
  newClient,
  newAddress,
  inbox,
}) => {
  const email = newAddress("ada");
  await client.requestLink(email);
  const { code } = await inbox.letterTo(email);
  const lost = newClient();
  for (const [name, value] of client.jar) lost.jar.set(name, value);
  await submitCode(lost, code);
  expect(isSignedIn(lost)).toBe(true);
  const check = { headers: { "x-latchkey-check": "1" } };
  expect((await client.send("/sign-in/check", check)).status).toBe(200);
  await submitCode(client, code);
  expect(isSignedIn(client)).toBe(true);
  expect(client.whereTo(await client.get("/sign-in/check"))).toBe("/account");
});
