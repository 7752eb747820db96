import { randomBytes } from "node:crypto";
import { messagesIn } from "@/messages";
import type { Client } from "./support/client";
import { formWith, textOf } from "./support/forms";
import { expect, test } from "./support/test";

/** Why a form had no effect is told, wherever the person arrives. */

const { message } = messagesIn("en");
const email = "ada@example.com";

test("a form of another build, or without an action, gets a page, and the log stays JSON", async ({
  client,
  newClient,
  server,
  db,
  newAddress,
}) => {
  const logStart = server.outputLines.length;
  const { fields } = formWith((await client.get("/sign-in")).body, "Email me a sign-in link");
  const isAction = (name: string) => name.startsWith("$ACTION_ID_");
  const ofAnotherBuild = fields.map(
    ([name, value]) => [isAction(name) ? `$ACTION_ID_${"0".repeat(42)}` : name, value] as const,
  );
  const typed = { email: newAddress("ada"), remember: "on" };
  const outdated = await client.post("/sign-in", { fields: ofAnotherBuild }, typed);
  expect(outdated.status).toBe(409);
  expect(textOf(outdated.body)).toContain(message("error.form_outdated"));
  expect(outdated.body).toContain(`value="${typed.email}"`);
  expect(outdated.body).toMatch(/name="remember" checked/);
  // It is the page of the present build, so sending it again works.
  const again = formWith(outdated.body, "Email me a sign-in link");
  expect(client.whereTo(await client.post("/sign-in", again, typed))).toBe("/sign-in/check?asked");

  const forged = ["$ACTION_ID_%0A{%22event%22:%22forged%22}%0A0000000", ""] as const;
  const without = fields.filter(([name]) => !isAction(name));
  for (const path of ["/sign-in", "/dashboard"])
    for (const sent of [without, [...without, forged]]) {
      const { status, headers, body } = await client.post(path, { fields: sent }, { email });
      expect([status, headers["content-type"]]).toEqual([400, "text/html; charset=utf-8"]);
      expect(textOf(body)).toContain(message("error.invalid_input"));
    }
  // A later email has a line in the log, after which those of the requests above have arrived.
  const last = newAddress("zoe");
  await newClient().requestLink(last);
  const [letter] = await db.sql<{ id: string }[]>`
    select id from outbox where to_address = ${last}`;
  const logLines = () => server.outputLines.slice(logStart);
  const isOfLast = (logLine: string) =>
    logLine.includes('"event":"letter.sent"') && logLine.includes(`"letterId":"${letter!.id}"`);
  await expect.poll(() => logLines().some(isOfLast)).toBe(true);
  for (const logLine of logLines())
    expect(() => JSON.parse(logLine) as unknown, logLine).not.toThrow();
});

test("a code entered after the cookies are gone leads to the start, with the reason and the address", async ({
  client,
  newAddress,
}) => {
  const told = async (path: string, button: string, typed: Record<string, string>) => {
    const { body } = await client.get(path);
    // The cookie that a page of ours has set since.
    client.jar.set("latchkey-mail_request", randomBytes(32).toString("base64url"));
    const response = await client.post(path, formWith(body, button), { code: "000000", ...typed });
    return [client.whereTo(response), (await client.follow(response)).body] as const;
  };
  const password = "four unrelated words here";
  const visits = [
    ["/sign-in/check", "Continue", "/sign-in", "magic-links", {}],
    ["/verify-email", "Finish signing up", "/sign-up", "sign-ups", { password }],
    ["/password/check", "Set password and sign in", "/password", "password-resets", {}],
  ] as const;
  for (const [path, button, start, operation, more] of visits) {
    const address = newAddress("ada");
    await client.json(`/api/v1/${operation}`, { email: address, ...more });
    const typed = path === "/password/check" ? { password, confirmPassword: password } : {};
    const [at, body] = await told(path, button, typed);
    expect(at).toBe(start);
    expect(textOf(body)).toContain(message("error.code_invalid"));
    expect(body).toContain(`value="${address}"`);
  }
});

const alerts = async (client: Client, path: string) => textOf((await client.get(path)).body);

test("what a sign-in page would show is shown to a signed-in user on the account page", async ({
  client,
  inbox,
  newAddress,
}) => {
  await client.signIn(newAddress("ada"), inbox);
  const refused = await client.submit("/l", "Send a new link", { email: "" });
  expect(client.whereTo(refused)).toBe("/account");
  expect(await alerts(client, "/account")).toContain(message("note.already_signed_in"));
  const leo = newAddress("leo");
  await client.requestLink(leo);
  const { path } = await inbox.letterTo(leo);
  const cancelled = await client.submit(path, "Cancel this request");
  expect(client.whereTo(cancelled)).toBe("/account");
  expect(await alerts(client, "/account")).toContain(message("note.request_cancelled"));
});

test("forms of the account say that its user was signed out, and lead back", async ({
  client,
  inbox,
  newAddress,
}) => {
  await client.signIn(newAddress("ada"), inbox);
  const forms = await Promise.all(
    (
      [
        ["/account/password", "Set password"],
        ["/account/confirm", "Email me a link and a code"],
      ] as const
    ).map(async ([path, button]) => {
      const { body } = await client.get(path);
      return { path, form: formWith(body, button) };
    }),
  );
  const session = client.jar.get("latchkey-session")!;
  await client.submit("/account", "Sign out");
  for (const cookie of [undefined, session])
    for (const { path, form } of forms) {
      if (cookie) client.jar.set("latchkey-session", cookie);
      const response = await client.post(path, form, { password: "four unrelated words here" });
      expect(client.whereTo(response), path).toMatch(/^\/sign-in\?next=%2Faccount/);
      const { body } = await client.follow(response);
      expect(textOf(body), path).toContain(message("note.signed_out_meanwhile"));
      // The cookie of the session that has ended is deleted.
      expect(client.jar.has("latchkey-session"), path).toBe(false);
    }
});

test("a page that could only refuse says so before its button is pressed", async ({
  client,
  inbox,
  newAddress,
}) => {
  await client.signIn(newAddress("ada"), inbox);
  const removal = await alerts(client, "/account/password/remove");
  expect(removal).toContain(message("removePassword.none"));
  expect(removal).not.toContain(message("removePassword.submit"));
  const link = await alerts(client, "/l/confirm/unknown");
  expect(link).toContain(message("link.invalidTitle"));
  expect(link).not.toContain(message("stepUp.confirm"));
});

test("the cookie of a session that has ended is deleted by the next page", async ({ client }) => {
  for (const path of ["/sign-in", "/sign-in/password", "/account", "/l"]) {
    client.jar.set("latchkey-session", "x".repeat(43));
    await client.follow(await client.get(path));
    expect(client.jar.has("latchkey-session"), path).toBe(false);
  }
});
