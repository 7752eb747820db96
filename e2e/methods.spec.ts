import { Client } from "./support/client";
import { textOf } from "./support/forms";
import { Server } from "./support/server";
import { expect, test } from "./support/test";

const password = "four unrelated words here";

/**
 * A second server with only these sign-in methods. It shares the mailbox of the first one, because
 * either may send a queued letter.
 */
const serverWith = (methods: string, databaseUrl: string, { dataDir }: Server) =>
  Server.start({ databaseUrl, dataDir, settings: { SIGN_IN_METHODS: methods } });

test("without links users sign in with passwords, and cannot remove their last sign-in method", async ({
  database,
  server: main,
  inbox,
  newAddress,
}) => {
  const server = await serverWith("password", database.url, main);
  const email = newAddress("ada");
  const ada = new Client(server);
  const start = textOf((await ada.get("/sign-in")).body);
  expect(start).toContain("Use a password");
  expect(start).not.toContain("Email me a sign-in link");
  const asked = await ada.send("/api/v1/magic-links", {
    method: "POST",
    body: JSON.stringify({ email }),
    headers: { "content-type": "application/json" },
  });
  expect(asked.status).toBe(404);

  await ada.submit("/sign-up", "Sign up", { email, password });
  await ada.submit("/verify-email", "Finish signing up", { code: await inbox.codeTo(email) });
  expect(ada.jar.has("latchkey-session")).toBe(true);
  const methods = textOf((await ada.get("/account/methods")).body);
  expect(methods).toContain("Your only method");
  expect(methods).not.toMatch(/Remove|Email link/);
  const response = await ada.submit("/account/password/remove", "Remove password");
  const { body } = await ada.follow(response);
  expect(textOf(body)).toContain("This is your only sign-in method.");

  // A second sign-up sends the owner a letter without a link, because links are disabled.
  await new Client(server).submit("/sign-up", "Sign up", { email, password: `${password} too` });
  const { subject, text } = await inbox.nextTo(email);
  expect(subject).toMatch(/^You already have an account at Latchkey \(.+ UTC\)$/);
  expect(text).not.toContain("/l/");
  await server.stop();
});

test("without passwords their pages and API operations do not exist", async ({
  database,
  server: main,
  inbox,
  newAddress,
}) => {
  const server = await serverWith("magic_link", database.url, main);
  const email = newAddress("leo");
  const leo = new Client(server);
  expect(textOf((await leo.get("/sign-in")).body)).not.toMatch(/password/i);
  for (const page of ["/sign-in/password", "/sign-up", "/password"])
    expect((await leo.get(page)).status, page).toBe(404);
  for (const path of ["sign-ups", "sessions", "password-resets"])
    expect(
      (
        await leo.send(`/api/v1/${path}`, {
          method: "POST",
          body: JSON.stringify(path === "password-resets" ? { email } : { email, password }),
          headers: { "content-type": "application/json" },
        })
      ).status,
      path,
    ).toBe(404);
  await leo.signIn(email, inbox);
  expect(textOf((await leo.get("/account/methods")).body)).not.toContain("Set a password");
  expect((await leo.get("/account/password")).status).toBe(404);
  await server.stop();
});
