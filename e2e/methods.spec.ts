import { Client } from "./support/client";
import { formWith, textOf } from "./support/forms";
import type { HttpResponse } from "./support/http";
import { titleOf } from "./support/markup";
import { Server } from "./support/server";
import { expect, test } from "./support/test";

const password = "four unrelated words here";

/**
 * A second server with only these sign-in methods. It shares the mailbox of the first one, because
 * either may send a queued letter.
 */
const serverWith = (methods: string, databaseUrl: string, { dataDir }: Server) =>
  Server.start({ databaseUrl, dataDir, settings: { SIGN_IN_METHODS: methods } });

test(
  "without links users sign in with passwords, and cannot remove their last sign-in method",
  { tag: "@long" },
  async ({ database, server: main, inbox, newAddress }) => {
    const server = await serverWith("password", database.url, main);
    const email = newAddress("ada");
    const ada = new Client(server);
    // A link that is on its way when links are disabled: its page and its forms say so.
    const early = new Client(main);
    await early.requestLink(email);
    const { path } = await inbox.letterTo(email);
    const form = formWith((await early.get(path)).body, "Sign in");
    const onItsWay = new Client(server);
    for (const [name, value] of early.jar) onItsWay.jar.set(name, value);
    const switchedOff = "Signing in with an email link is switched off here. Use another way.";
    const textOfPage = async (response: Promise<HttpResponse>) =>
      textOf((await onItsWay.follow(await response)).body);
    for (const response of [
      onItsWay.get(path),
      onItsWay.post(path, form),
      onItsWay.get("/sign-in/check"),
    ]) {
      const text = await textOfPage(response);
      expect(text).toContain(switchedOff);
      expect(text).not.toMatch(/Send a new link|Email me a sign-in link/);
    }
    expect(titleOf((await onItsWay.get(path)).body)).toBe("Use another sign-in method · Latchkey");
    expect(await textOfPage(onItsWay.get("/l"))).not.toContain("new one");
    const wrong = onItsWay.submit("/sign-in/password", "Sign in", { email, password });
    expect(await textOfPage(wrong)).not.toContain("request a sign-in link");
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
    // Its page says so at once.
    const { body } = await ada.get("/account/password/remove");
    const removal = textOf(body);
    expect(removal).toContain("This is your only sign-in method.");
    expect(titleOf(body)).toBe("Sign-in methods · Latchkey");
    expect(removal).not.toContain("Remove password");

    // A second sign-up sends the owner a letter without a link, because links are disabled.
    await new Client(server).submit("/sign-up", "Sign up", { email, password: `${password} too` });
    const { subject, text } = await inbox.nextTo(email);
    expect(subject).toMatch(/^You already have an account at Latchkey \(.+ UTC\)$/);
    expect(text).not.toContain("/l/");
    await server.stop();
  },
);

test(
  "without passwords their pages and API operations do not exist",
  { tag: "@long" },
  async ({ database, server: main, inbox, newAddress }) => {
    const server = await serverWith("magic_link", database.url, main);
    const email = newAddress("leo");
    const leo = new Client(server);
    await leo.get("/sign-in");
    // Forms that were open when passwords were disabled lead to a page that says so.
    const early = new Client(main);
    const open: [path: string, button: string, typed: Record<string, string>][] = [
      ["/sign-in/password", "Sign in", { email, password }],
      ["/sign-in/password", "Sign in", { email: "leo", password: "" }],
      ["/sign-up", "Sign up", { email, password }],
      ["/password", "Email me a link", { email }],
    ];
    for (const [path, button, typed] of open) {
      const form = formWith((await early.get(path)).body, button);
      const response = await leo.post(path, form, typed);
      expect(leo.whereTo(response), path).toMatch(/^\/sign-in(\?|$)/);
      expect(textOf((await leo.follow(response)).body), path).toContain(
        "Signing in with a password is switched off here. Use another way.",
      );
    }
    expect(leo.whereTo(await leo.get("/.well-known/change-password"))).toBe("/account/methods");
    expect(textOf((await new Client(server).get("/sign-in")).body)).not.toMatch(/password/i);
    for (const page of ["/sign-in/password", "/sign-up", "/password"])
      expect((await leo.get(page)).status, page).toBe(404);
    const reset = (await leo.get("/l/reset/unknown")).body;
    expect(titleOf(reset)).toBe("Use another sign-in method · Latchkey");
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
  },
);
