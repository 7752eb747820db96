import { messagesIn } from "@/messages";
import { en } from "@/messages/en";
import type { Client } from "./support/client";
import { type Form, formWith, textOf } from "./support/forms";
import { setUser, testWithProviders as test } from "./support/oidc";
import { expect } from "./support/test";
import {
  authorizationUrlOf,
  startOAuth,
  otherClientWithAttempt,
  signInWithProvider,
  callbackUrlFrom,
} from "./support/oauth";

/** Trips to a provider, by HTTP: whose they are, and what the sign-in page makes of a browser. */

const password = "four unrelated words here";
const lost = "took too long, or was started in another browser. Nothing was changed.";
const providers = ["google", "linkedin"] as const;

const isIn = ({ jar }: Client) => jar.has("latchkey-session");

/** What an answer leads to, as it reads. */
const told = async (client: Client, response: Promise<Parameters<Client["follow"]>[0]>) =>
  textOf((await client.follow(await response)).body);

/** From the methods page to a provider and back, to where it is asked whether to connect. */
async function comesToConnect(client: Client, name: string): Promise<Form> {
  const left = await client.submit("/account/methods", `Connect ${name}`);
  const back = await client.get(await callbackUrlFrom(await authorizationUrlOf(client, left)));
  expect(client.whereTo(back)).toBe("/account/connect");
  return formWith((await client.get("/account/connect")).body, `Connect ${name}`);
}

const carry = (name: string, from: Client, to: Client) => {
  for (const [cookie, value] of from.jar) if (cookie.endsWith(name)) to.jar.set(cookie, value);
};

for (const provider of providers)
  test(`a way back from ${provider} that mallory made signs nobody in in Ada's browser`, async ({
    oidc,
    newClient,
    newAddress,
    inbox,
    db,
  }) => {
    setUser(oidc[provider], newAddress("mallory"));
    const mallory = newClient();
    const callbackUrl = async () => callbackUrlFrom(await startOAuth(mallory, provider));

    const away = newClient();
    const [signedIn, onHerWay, planted] = [newClient(), newClient(), newClient()];
    await signedIn.signIn(newAddress("ada"), inbox);
    const session = signedIn.jar.get("latchkey-session");
    await startOAuth(onHerWay, provider);
    const users = await db.users();
    for (const [what, ada] of Object.entries({ away, signedIn, onHerWay, planted })) {
      const back = await callbackUrl();
      // What another site of the same domain could write, if this one did not have names of its own.
      for (const name of what === "planted" ? ["state", "verifier", "nonce"] : [])
        carry(`oauth_${name}`, mallory, ada);
      expect(await told(ada, ada.get(back)), what).toContain(lost);
      expect(ada.jar.get("latchkey-session"), what).toBe(what === "signedIn" ? session : undefined);
      expect(await db.lastCause("oauth.complete")).toMatch(
        new RegExp(`^${provider}:${what === "onHerWay" ? "state" : "unknown"}`),
      );
    }
    expect(await db.users()).toBe(users);
    // In her own it is as good as ever.
    const back = await callbackUrl();
    await mallory.get(back);
    expect(isIn(mallory)).toBe(true);
    await told(mallory, mallory.submit("/account", "Sign out"));
    expect(await told(mallory, mallory.get(back))).toContain(lost);
    expect(isIn(mallory)).toBe(false);
  });

test("a page that shows the way back as a picture uses up nobody's returns", async ({
  oidc,
  newClient,
  newAddress,
  db,
}) => {
  setUser(oidc.google, newAddress("ada"));
  const ada = newClient();
  const back = await callbackUrlFrom(await startOAuth(ada, "google"));
  const returns = async () =>
    (await db.sql`select 1 from audit_events where event = 'oauth.complete'`).length;
  const before = await returns();
  for (const dest of [...Array<string>(35).fill("image"), "iframe", "empty", "script", ""])
    expect((await ada.send(back, { headers: { "sec-fetch-dest": dest } })).status, dest).toBe(404);
  expect(await returns()).toBe(before);
  await ada.send(back, { headers: { "sec-fetch-dest": "document" } });
  expect(isIn(ada)).toBe(true);
});

test("who came back to one browser is of no use in another, nor in another session", async ({
  oidc,
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const [email, other] = [newAddress("ada"), newAddress("ada-elsewhere")];
  const [ada, phone, mallory, nobody] = [newClient(), newClient(), newClient(), newClient()];
  await ada.join(email, password, inbox);
  await phone.json("/api/v1/sessions", { email, password });
  await mallory.signIn(newAddress("mallory"), inbox);
  const connected = async () =>
    (await db.sql`select 1 from auth_providers where subject in (${email}, ${other})`).length;
  /** Presses in somebody's browser what was shown in another's. */
  const pressing = async (somebody: Client, at: string, form: Form) =>
    told(somebody, somebody.post(at, form, await somebody.shownToField()));

  // Set out for in one session: for that one alone.
  setUser(oidc.linkedin, other);
  const form = await comesToConnect(ada, "LinkedIn");
  expect(textOf((await ada.get("/account/connect")).body)).toContain(other);
  for (const somebody of [phone, mallory]) {
    expect(await pressing(somebody, "/account/connect", form)).toContain("took too long");
    carry("pending_identity", ada, somebody);
    expect(await pressing(somebody, "/account/connect", form)).toContain("took too long");
    expect(await db.lastCause("auth_provider.link")).toMatch(/other_session/);
  }
  carry("pending_identity", ada, nobody);
  expect(await told(nobody, nobody.post("/account/connect", form))).toContain(
    "Sign in to Latchkey",
  );
  const tab = await otherClientWithAttempt(mallory, "google");
  const switching = formWith((await tab.get("/sign-in/switch")).body, "Switch account");
  for (const somebody of [phone, mallory, nobody, ada])
    expect(await pressing(somebody, "/sign-in/switch", switching)).toContain("took too long");
  expect(isIn(nobody)).toBe(false);
  expect(await connected()).toBe(0);
  expect(await told(ada, ada.post("/account/connect", form))).toContain("LinkedIn is connected");
  expect(await connected()).toBe(1);
  expect(await told(ada, ada.post("/account/connect", form))).toContain("took too long");

  // Signed out on the way: nothing is connected, and nobody signed in or up.
  setUser(oidc.google, other);
  const left = await ada.submit("/account/methods", "Connect Google");
  const back = await callbackUrlFrom(await authorizationUrlOf(ada, left));
  await ada.submit("/account", "Sign out");
  expect(await told(ada, ada.get(back))).toContain(
    "You were signed out, or signed in again, before you came back from Google",
  );
  expect(isIn(ada)).toBe(false);
  expect(await connected()).toBe(1);

  // Before signing in: only where the provider sent the browser.
  setUser(oidc.google, email);
  expect(ada.whereTo(await signInWithProvider(ada, "google"))).toBe("/sign-in/connect");
  expect(mallory.whereTo(await mallory.get("/account/connect"))).toBe("/account/methods");
  expect(newClient().whereTo(await newClient().get("/sign-in/connect"))).toBe("/sign-in");
  await ada.submit("/sign-in/password", "Sign in", { email, password });
  expect(await told(ada, ada.post("/account/connect", form))).toContain("Google is connected");
  expect(await connected()).toBe(2);
  for (const name of ["oauth_attempt", "pending_identity"])
    expect(ada.jar.has(`latchkey-${name}`)).toBe(false);
});

test("what an old proof interrupts is done once the person has shown that it is them", async ({
  oidc,
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const [ada, email] = [newClient(), newAddress("ada")];
  await ada.join(email, password, inbox);
  for (const provider of providers) setUser(oidc[provider], email);
  const outdate = () =>
    db.sql`update sessions set authenticated_at = now() - interval '11 minutes'`;
  const state = async () =>
    (
      await db.sql<{ provider: string; needsConfirmation: boolean }[]>`
        select provider, confirmation_required_at is not null as questioned from auth_providers
        where subject = ${email}`
    ).map(({ provider, needsConfirmation }) => `${provider}${needsConfirmation ? "?" : ""}`);
  /** Presses, is asked, shows it, and reads what came of it. */
  const pressesLate = async (path: string, button: string) => {
    await outdate();
    const before = await state();
    const asked = ada.whereTo(await ada.submit(path, button)) ?? "";
    expect(asked, button).toMatch(/^\/account\/prove\?next=/);
    expect(await state(), button).toEqual(before);
    return ada.submit(asked, "Continue", { password });
  };

  const left = await pressesLate("/account/methods", "Connect Google");
  const back = await ada.get(await callbackUrlFrom(await authorizationUrlOf(ada, left)));
  expect(ada.whereTo(back)).toBe("/account/connect");
  const connected = pressesLate("/account/connect", "Connect Google");
  expect(await told(ada, connected)).toContain("Google is connected.");
  expect(await state()).toEqual(["google"]);
  await db.sql`update auth_providers set confirmation_required_at = now() where subject = ${email}`;
  const saved = pressesLate("/account/methods", "Keep Google");
  expect(await told(ada, saved)).toContain("Google stays connected.");
  expect(await state()).toEqual(["google"]);
  const disconnected = pressesLate("/account/disconnect/google", "Disconnect Google");
  expect(await told(ada, disconnected)).toContain("Google is disconnected.");
  expect(await state()).toEqual([]);
});

const iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15";

test("inside another app Google is not offered, and it is said why; elsewhere it is", async ({
  newClient,
}) => {
  const look = async (agent: string) => {
    const { body } = await newClient().send("/sign-in", { headers: { "user-agent": agent } });
    return textOf(body);
  };
  const reason = messagesIn("en").message("signIn.inAppBrowser.useCode", { provider: "Google" });
  const inApp = await look(`${iPhone} Mobile/15E148 [FBAN/FBIOS;FBAV/520.0.0.38.101]`);
  expect(inApp).not.toContain("Continue with Google");
  expect(inApp).toContain(reason);
  expect(inApp).toContain("Email me a sign-in link");
  expect(inApp).toContain("Continue with LinkedIn");
  const inSafari = await look(`${iPhone} Version/18.5 Mobile/15E148 Safari/604.1`);
  expect(inSafari).toContain("Continue with Google");
  expect(inSafari).not.toContain(reason.split(".")[0]);
});

const usual = [
  "Email me a sign-in link",
  "Use a password",
  "Continue with Google",
  "Continue with LinkedIn",
];
const used = (button: string) => `${button} ${en["signIn.lastUsed"]}`;

/** The sign-in page's buttons as they stand there, by the cookie of the way in that was used last. */
const orders: Record<string, string[]> = {
  magic_link: [used(usual[0]!), ...usual.slice(1)],
  email: [used(usual[1]!), usual[0]!, ...usual.slice(2)],
  google: [used(usual[2]!), usual[3]!, usual[0]!, usual[1]!],
  linkedin: [used(usual[3]!), usual[2]!, usual[0]!, usual[1]!],
};

const buttons = (html: string) =>
  [...html.matchAll(/<button\b[^>]*>(.*?)<\/button>/gs)].map(([, label = ""]) => textOf(label));

test("the way in that a browser used last comes first, and is marked; others are taken for none", async ({
  oidc,
  newClient,
  newAddress,
  inbox,
}) => {
  const seen = async (client: Client) => buttons((await client.get("/sign-in")).body);
  const email = newAddress("ada");
  setUser(oidc.google, newAddress("leo"));
  setUser(oidc.linkedin, newAddress("nina"));
  const linkedMethods: Record<string, (client: Client) => Promise<unknown>> = {
    magic_link: (client) => client.signIn(newAddress("ada"), inbox),
    email: (client) => client.join(email, password, inbox),
    google: (client) => signInWithProvider(client, "google"),
    linkedin: (client) => signInWithProvider(client, "linkedin"),
  };
  for (const [method, come] of Object.entries(linkedMethods)) {
    const client = newClient();
    await come(client);
    expect(client.jar.get("latchkey-method"), method).toBe(method);
    await client.submit("/account", "Sign out");
    expect(await seen(client), method).toEqual(orders[method]);
  }
  const odd = ["", "password", "GOOGLE", "google ", "googl", "google%00", "google,linkedin"];
  const names = ["__proto__", "constructor", "toString", "<script>", "x".repeat(5_000)];
  for (const value of [...odd, ...names, "google; latchkey-method=linkedin"]) {
    const client = newClient();
    client.jar.set("latchkey-method", value);
    const plain = value === "google " ? orders.google : usual;
    expect(await seen(client), value.slice(0, 40)).toEqual(plain);
  }
});
