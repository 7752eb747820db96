import { Client } from "./support/client";
import { textOf } from "./support/forms";
import { Server } from "./support/server";
import { expect, test } from "./support/test";

const password = "four unrelated words here";

/**
 * A server beside the tests' own, on which only these ways in are there. Either may take a letter, so
 * they have one mailbox.
 */
const serverWith = (methods: string, databaseUrl: string, { dataDir }: Server) =>
  Server.start({ databaseUrl, dataDir, settings: { SIGN_IN_METHODS: methods } });

test("with links switched off people have passwords, and cannot remove their last way in", async ({
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

  // Signing up again brings its owner a letter without a link, as there are none.
  await new Client(server).submit("/sign-up", "Sign up", { email, password: `${password} too` });
  const { subject, text } = await inbox.nextTo(email);
  expect(subject).toBe("You already have an account at Latchkey");
  expect(text).not.toContain("/l/");
  await server.stop();
});

test("with passwords switched off there are neither their pages nor their flows", async ({
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
