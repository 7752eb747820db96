import { formWith, textOf } from "./support/forms";
import { expect, test } from "./support/test";

/** What people meet between the steps of a sign-in: links cut by mail programs, other tabs, dead links. */

const emailField = (html: string) =>
  /<input[^>]* name="email"[^>]* value="([^"]*)"/.exec(html)?.[1] ??
  /<input[^>]* value="([^"]*)"[^>]* name="email"/.exec(html)?.[1];

test("an international address is one address, shown in its own letters", async ({
  client,
  newAddress,
  inbox,
}) => {
  const typed = `\u00a0${newAddress("ada").split("@")[0]}@straße.example\u200b`;
  const shown = typed.slice(1, -1);
  const page = await client.follow(await client.requestLink(typed));
  expect(textOf(page.body)).toContain(shown);
  expect((await client.get("/sign-in")).body).toContain('type="text"');
  const { path } = await inbox.letterTo(shown.replace("straße", "xn--strae-oqa"));
  expect(textOf((await client.get(path)).body)).toContain("**@straße.example");
  await client.submit(path, "Sign in");
  expect(textOf((await client.get("/account")).body)).toContain(shown);
});

test("“Change email address” begins with the address and the box as they were", async ({
  client,
  newAddress,
}) => {
  const email = newAddress("ada");
  const page = await client.follow(await client.requestLink(email, { remember: "on" }));
  const [, change = ""] = /<a href="([^"]*)">Change email address/.exec(page.body) ?? [];
  const form = await client.get(change.replaceAll("&amp;", "&"));
  expect(emailField(form.body)).toBe(email);
  expect(form.body).toMatch(/<input[^>]*type="checkbox"[^>]*checked/);
  expect(emailField((await client.get("/sign-in")).body) ?? "").toBe("");
});

test("a message is shown once: another tab on the same page does not repeat it", async ({
  client,
}) => {
  const said = "Enter an email address in the form name@example.com.";
  const shown = await client.follow(await client.requestLink("ada@example"));
  expect(textOf(shown.body)).toContain(said);
  expect(textOf((await client.get("/sign-in")).body)).not.toContain(said);
});

test("a link opens whatever a mail program added to it, and a cut one has its page", async ({
  client,
  newAddress,
  inbox,
}) => {
  const email = newAddress("ada");
  await client.requestLink(email);
  const { path } = await inbox.letterTo(email);
  for (const added of [".", ")", "%3E", "%C2%A0", "%", "*"])
    expect(textOf((await client.get(path + added)).body), added).toContain("Sign in to Latchkey?");
  const cut = await client.get(`${path.slice(0, -5)}%`);
  expect([cut.status, textOf(cut.body).includes("This link can’t be used")]).toEqual([200, true]);
  await client.submit(`${path}%`, "Sign in");
  expect(client.jar.has("latchkey-session")).toBe(true);
});

test("the page of a dead link says so, and a new one leads where the first did", async ({
  client,
  newAddress,
  inbox,
  db,
}) => {
  const email = newAddress("ada");
  await client.requestLink(email, { next: "/account/sessions", remember: "on" });
  const { path } = await inbox.letterTo(email);
  await db.advance("verifications", "1 hour 1 second", { column: "identifier", is: email });
  await db.ageLimits("1 hour");
  const dead = await client.get(path);
  expect(dead.body).toContain("<title>This link can’t be used · Latchkey</title>");
  await client.post(path, formWith(dead.body, "Send a new link"), { email });
  const { path: fresh } = await inbox.letterTo(email);
  const signedIn = await client.submit(fresh, "Sign in");
  expect(client.whereTo(signedIn)).toBe("/account/sessions");
  const cookie = [signedIn.headers["set-cookie"] ?? []].flat().find((one) => /session=/.test(one));
  expect(cookie).toContain(`Max-Age=${90 * 24 * 60 * 60}`);
});

test("inside another app the address keeps the link, and a page without it leads to the code", async ({
  client,
  newClient,
  newAddress,
  inbox,
}) => {
  const email = newAddress("ada");
  await client.requestLink(email);
  const { path } = await inbox.letterTo(email);
  expect((await client.get(path)).body).toContain('data-hide-path="/l"');
  const headers = {
    "user-agent": "Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 Chrome/130",
  };
  const inApp = await client.send(path, { headers });
  expect(inApp.body).not.toContain("data-hide-path");
  expect(textOf(inApp.body)).toContain("This page is open inside another app.");
  const without = await client.get("/l");
  expect(without.body).toContain('<a href="/sign-in/check">Enter its code</a>');
  expect(textOf(without.body)).toContain("press and hold the link to copy it");
  expect(emailField(without.body)).toBe(email);
  expect(without.body).not.toContain("/password/check");

  // A reset link as well, also in a browser that requested nothing else.
  const [leo, address] = [newClient(), newAddress("leo")];
  await newClient().signUpAndVerify(address, "four unrelated words here", inbox);
  await leo.submit("/password", "Email me a link", { email: address });
  const { path: reset } = await inbox.letterTo(address);
  expect((await leo.get(reset)).body).toContain('data-hide-path="/l"');
  const resetInApp = await leo.send(reset, { headers });
  expect(resetInApp.body).not.toContain("data-hide-path");
  expect(textOf(resetInApp.body)).toContain("This page is open inside another app.");
  const withoutReset = await leo.get("/l");
  expect(withoutReset.body).toContain('<a href="/password/check">Enter the code to set it</a>');
  expect(withoutReset.body).not.toContain("/sign-in/check");
  expect(emailField(withoutReset.body)).toBe(address);
});

test("the waiting page says that the link was used elsewhere, or the request cancelled", async ({
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  for (const [button, said] of [
    ["Sign in", "If you used it on another device, you’re signed in there."],
    ["Cancel this request", "was cancelled, so its link and code no longer work."],
  ] as const) {
    const [desktop, phone] = [newClient(), newClient()];
    const email = newAddress("ada");
    await desktop.requestLink(email);
    const check = () => desktop.send("/sign-in/check", { headers: { "x-latchkey-check": "1" } });
    expect((await check()).status).toBe(200);
    const form = formWith((await desktop.get("/sign-in/check")).body, "Continue");
    const { path, code } = await inbox.letterTo(email);
    await phone.submit(path, button, { username: email });
    // Our script reloads the page after a redirect.
    expect((await check()).status).toBe(307);
    const page = await desktop.follow(await desktop.post("/sign-in/check", form, { code }));
    expect(textOf(page.body), button).toContain(said);
    expect(textOf(page.body)).not.toContain("That code is wrong");
    expect(page.body).not.toContain("data-code");
    await db.clearLimits();
    await desktop.submit("/sign-in/check", "Send again");
    expect((await desktop.get("/sign-in/check")).body).toContain("data-code");
  }
  // Another code for a finished sign-up would never be sent.
  const ada = newClient();
  await ada.signUpAndVerify(newAddress("ada"), "four unrelated words here", inbox);
  await ada.submit("/account", "Sign out");
  const finished = textOf((await ada.get("/verify-email")).body);
  expect(finished).toContain("this sign-up is finished");
  expect(finished).not.toMatch(/Send again|Didn’t get it/);
});

test("a page that exists no more says so without script", async ({ client, newAddress, inbox }) => {
  await client.signIn(newAddress("ada"), inbox);
  for (const path of [
    "/account/disconnect/google",
    "/account/disconnect/nobody",
    "/account/none",
  ]) {
    const { status, body } = await client.get(path);
    expect([path, status]).toEqual([path, 404]);
    expect(textOf(body)).toContain("Page not found");
    expect(body).not.toContain("__next_error__");
  }
});
