import { messagesIn } from "@/messages";
import { en } from "@/messages/en";
import { Client } from "./support/client";
import { type Form, formWith, textOf } from "./support/forms";
import { setUser, testWithProviders as test } from "./support/oidc";
import { expect } from "./support/test";
import {
  attemptCookie,
  attemptCookies,
  authorizationUrlOf,
  startOAuth,
  otherClientWithAttempt,
  signInWithProvider,
  callbackUrlFrom,
} from "./support/oauth";

/** OAuth attempts over HTTP: which browser and session they belong to; the sign-in page's buttons. */

const password = "four unrelated words here";
const lost =
  "took too long, was completed before, or was started in another browser. Nothing was changed.";
const providers = ["google", "linkedin"] as const;

const isIn = ({ jar }: Client) => jar.has("latchkey-session");

/** The text of the page after a response. */
const textAfter = async (client: Client, response: Promise<Parameters<Client["follow"]>[0]>) =>
  textOf((await client.follow(await response)).body);

/** Starts linking a provider on the methods page; returns the form that asks for confirmation. */
async function formToConnect(client: Client, name: string): Promise<Form> {
  const started = await client.submit("/account/methods", `Connect ${name}`);
  const returned = await client.get(
    await callbackUrlFrom(await authorizationUrlOf(client, started)),
  );
  expect(client.whereTo(returned)).toBe("/account/connect");
  return formWith((await client.get("/account/connect")).body, `Connect ${name}`);
}

const copyCookies = (name: string, from: Client, to: Client) => {
  for (const [cookie, value] of from.jar) if (cookie.endsWith(name)) to.jar.set(cookie, value);
};

for (const provider of providers)
  test(`a callback from ${provider} that Mallory started signs no user in in Ada's browser`, async ({
    oidc,
    newClient,
    newAddress,
    inbox,
    db,
  }) => {
    setUser(oidc[provider], newAddress("mallory"));
    const mallory = newClient();
    const callbackUrl = async () => callbackUrlFrom(await startOAuth(mallory, provider));

    const idle = newClient();
    await idle.get("/sign-in");
    const [signedIn, inAttempt, withForeignCookies] = [newClient(), newClient(), newClient()];
    await signedIn.signIn(newAddress("ada"), inbox);
    const session = signedIn.jar.get("latchkey-session");
    await startOAuth(inAttempt, provider);
    await withForeignCookies.get("/sign-in");
    const users = await db.users();
    for (const [what, ada] of Object.entries({ idle, signedIn, inAttempt, withForeignCookies })) {
      const callback = await callbackUrl();
      // Cookies that another site of the same domain could write on http; the token is Mallory's secret.
      if (what === "withForeignCookies") {
        const { name, with: change } = attemptCookie(mallory);
        change({ token: "x".repeat(43) });
        ada.jar.set(name, attemptCookie(mallory).value);
      }
      const text = await textAfter(ada, ada.get(callback));
      // No error to a signed-in user: the account page.
      if (what === "signedIn") expect(text).toContain("You’re already signed in");
      else expect(text, what).toContain(lost);
      expect(ada.jar.get("latchkey-session"), what).toBe(what === "signedIn" ? session : undefined);
      expect(await db.lastCause("oauth.complete")).toBe(`${provider}:unknown`);
      mallory.jar.clear();
    }
    expect(await db.users()).toBe(users);
    // The attempt that Ada has started goes on.
    expect(attemptCookies(inAttempt)).toHaveLength(1);
    // In Mallory's own browser it works, once.
    const callback = await callbackUrl();
    await mallory.get(callback);
    expect(isIn(mallory)).toBe(true);
    await textAfter(mallory, mallory.submit("/account", "Sign out"));
    expect(await textAfter(mallory, mallory.get(callback))).toContain(lost);
    expect(isIn(mallory)).toBe(false);
  });

test("a callback loaded as an image does not use up the attempt", async ({
  oidc,
  newClient,
  newAddress,
  db,
}) => {
  setUser(oidc.google, newAddress("ada"));
  const ada = newClient();
  const callback = await callbackUrlFrom(await startOAuth(ada, "google"));
  const returns = async () =>
    (await db.sql`select 1 from audit_events where event = 'oauth.complete'`).length;
  const before = await returns();
  for (const dest of [...Array<string>(35).fill("image"), "iframe", "empty", "script", ""])
    expect((await ada.send(callback, { headers: { "sec-fetch-dest": dest } })).status, dest).toBe(
      404,
    );
  expect(await returns()).toBe(before);
  await ada.send(callback, { headers: { "sec-fetch-dest": "document" } });
  expect(isIn(ada)).toBe(true);
});

test("a pending identity works only in the browser and session that started the attempt", async ({
  oidc,
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const [email, other] = [newAddress("ada"), newAddress("ada-elsewhere")];
  const [ada, phone, mallory, signedOut] = [newClient(), newClient(), newClient(), newClient()];
  await ada.signUpAndVerify(email, password, inbox);
  await phone.json("/api/v1/sessions", { email, password });
  await mallory.signIn(newAddress("mallory"), inbox);
  const connected = async () =>
    (await db.sql`select 1 from auth_providers where subject in (${email}, ${other})`).length;
  /** Submits in one browser a form that was shown in another. */
  const submitElsewhere = async (browser: Client, at: string, form: Form) =>
    textAfter(browser, browser.post(at, form, await browser.shownToField()));

  // An attempt to connect belongs to the session that started it.
  setUser(oidc.linkedin, other);
  const form = await formToConnect(ada, "LinkedIn");
  expect(textOf((await ada.get("/account/connect")).body)).toContain(other);
  for (const browser of [phone, mallory]) {
    expect(await submitElsewhere(browser, "/account/connect", form)).toContain("took too long");
    copyCookies("pending_identity", ada, browser);
    expect(await submitElsewhere(browser, "/account/connect", form)).toContain("took too long");
    expect(await db.lastCause("auth_provider.link")).toMatch(/other_session/);
  }
  copyCookies("pending_identity", ada, signedOut);
  expect(await textAfter(signedOut, signedOut.post("/account/connect", form))).toContain(
    "Sign in to Latchkey",
  );
  const tab = await otherClientWithAttempt(mallory, "google");
  const switching = formWith((await tab.get("/sign-in/switch")).body, "Switch account");
  for (const browser of [phone, mallory, signedOut, ada])
    expect(await submitElsewhere(browser, "/sign-in/switch", switching)).toContain("took too long");
  expect(isIn(signedOut)).toBe(false);
  expect(await connected()).toBe(0);
  expect(await textAfter(ada, ada.post("/account/connect", form))).toContain(
    "LinkedIn is connected",
  );
  expect(await connected()).toBe(1);
  expect(await textAfter(ada, ada.post("/account/connect", form))).toContain("took too long");

  // Ada signs out during the attempt: nothing is connected, and she is not signed in.
  setUser(oidc.google, other);
  const started = await ada.submit("/account/methods", "Connect Google");
  const callback = await callbackUrlFrom(await authorizationUrlOf(ada, started));
  await ada.submit("/account", "Sign out");
  expect(await textAfter(ada, ada.get(callback))).toContain(
    "You were signed out, or signed in again, before you came back from Google",
  );
  expect(isIn(ada)).toBe(false);
  expect(await connected()).toBe(1);

  // An attempt before signing in belongs to the browser that started it.
  setUser(oidc.google, email);
  expect(ada.whereTo(await signInWithProvider(ada, "google"))).toBe("/sign-in/connect");
  expect(mallory.whereTo(await mallory.get("/account/connect"))).toBe("/account/methods");
  expect(newClient().whereTo(await newClient().get("/sign-in/connect"))).toBe("/sign-in");
  await ada.submit("/sign-in/password", "Sign in", { email, password });
  expect(await textAfter(ada, ada.post("/account/connect", form))).toContain("Google is connected");
  expect(await connected()).toBe(2);
  expect(attemptCookies(ada)).toEqual([]);
  expect(ada.jar.has("latchkey-pending_identity")).toBe(false);
});

test("a switch of accounts whose response was lost is offered again, and works", async ({
  oidc,
  newClient,
  newAddress,
  inbox,
}) => {
  const [email, leo] = [newAddress("ada"), newAddress("leo")];
  setUser(oidc.google, leo);
  await signInWithProvider(newClient(), "google");
  const tab = newClient();
  await tab.signIn(email, inbox);
  const ada = await otherClientWithAttempt(tab, "google");
  const form = formWith((await ada.get("/sign-in/switch")).body, "Switch account");
  // The response is lost: the browser keeps its cookies.
  await copyOf(ada).post("/sign-in/switch", form);
  // The old form shows Ada, whose session has ended. It leads to the page.
  const stale = copyOf(ada);
  expect(stale.whereTo(await stale.post("/sign-in/switch", form))).toBe("/sign-in/switch");
  for (const client of [ada, stale]) {
    const page = await client.get("/sign-in/switch");
    expect(textOf(page.body)).toContain(`You were switched to the account of ${leo} at Google`);
    expect(client.whereTo(await client.get("/sign-in/connect"))).toBe("/sign-in/switch");
    const switched = await client.submit("/sign-in/switch", "Switch account");
    expect(client.whereTo(switched)).toBe("/account");
    expect((await client.get("/account")).body).toContain(leo);
    expect(client.jar.has("latchkey-pending_identity")).toBe(false);
  }
});

/** A callback as the browser of this client sends it twice: the second click ends the first request. */
const clickTwice = async (client: Client, callback: string) => {
  const [first, second] = [copyOf(client), copyOf(client)];
  const responses = await Promise.all([first.get(callback), second.get(callback)]);
  return { clients: [first, second] as const, responses };
};

const copyOf = (client: Client) => {
  const copy = new Client(client.serverAddress);
  for (const [name, value] of client.jar) copy.jar.set(name, value);
  return copy;
};

for (const provider of providers) {
  test(`two clicks send the callback from ${provider} twice at once: one sign-in, whichever response arrives`, async ({
    oidc,
    newClient,
    newAddress,
    db,
  }) => {
    const email = newAddress("ada");
    setUser(oidc[provider], email);
    const ada = newClient();
    const callback = await callbackUrlFrom(await startOAuth(ada, provider));
    const { clients, responses } = await clickTwice(ada, callback);
    expect(responses.map((response) => ada.whereTo(response))).toEqual(["/account", "/account"]);
    for (const client of clients)
      expect(textOf((await client.get("/account")).body)).toContain(email);
    const sessions = db.sql`select 1 from sessions where user_id in (select id from users where email = ${email})`;
    expect(await sessions).toHaveLength(1);
    // A moment later, without the cookies of the first response, and then with them.
    const late = copyOf(ada);
    expect(late.whereTo(await late.get(callback))).toBe("/account");
    expect(textOf((await late.get("/account")).body)).toContain(email);
    const again = await textAfter(late, late.get(callback));
    expect(again).toContain("You’re already signed in, so nothing was changed.");
    expect(await sessions).toHaveLength(1);
  });

  test(`${provider} in two tabs, and another provider in a third: each of them can come back, in any order`, async ({
    oidc,
    newClient,
    newAddress,
  }) => {
    const other = provider === "google" ? "linkedin" : "google";
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
    ]) {
      setUser(oidc[provider], newAddress("ada"));
      setUser(oidc[other], newAddress("leo"));
      const ada = newClient();
      const callbacks: string[] = [];
      for (const one of [provider, provider, other] as const)
        callbacks.push(await callbackUrlFrom(await startOAuth(ada, one)));
      for (const at of order) {
        await ada.get(callbacks[at]!);
        expect(isIn(ada), `${order.join()}: ${at}`).toBe(true);
        expect(attemptCookies(ada)).toHaveLength(2 - order.indexOf(at));
        ada.jar.delete("latchkey-session");
      }
    }
    // A failed one ends no other; of more than three the oldest is forgotten.
    const ada = newClient();
    oidc[provider].script.callbackUrl = { error: "access_denied", code: undefined };
    const failing = await callbackUrlFrom(await startOAuth(ada, provider));
    oidc[provider].resetProviders();
    setUser(oidc[provider], newAddress("ada"));
    const callback = await callbackUrlFrom(await startOAuth(ada, provider));
    await ada.get(failing);
    expect(isIn(ada)).toBe(false);
    for (let tab = 0; tab < 2; tab += 1) await startOAuth(ada, provider);
    expect(attemptCookies(ada)).toHaveLength(3);
    await startOAuth(ada, other);
    expect(attemptCookies(ada)).toHaveLength(3);
    expect(await textAfter(ada, ada.get(callback))).toContain(lost);
  });
}

test("a provider that posts, uses the fragment or sends nothing leads to the problem page", async ({
  oidc,
  newClient,
  newAddress,
  db,
}) => {
  setUser(oidc.google, newAddress("ada"));
  const path = "/api/auth/callback/google";
  const type = "application/x-www-form-urlencoded";
  const headers = {
    "content-type": type,
    origin: oidc.google.issuer,
    "sec-fetch-site": "cross-site",
    // A browser sends no SameSite=Lax cookie with another site's post.
    cookie: "",
  };
  for (const how of ["post", "nothing"] as const) {
    const ada = newClient();
    const callback = await callbackUrlFrom(await startOAuth(ada, "google"));
    const body = callback.split("?")[1]!;
    const response =
      how === "post"
        ? await ada.send(path, { method: "POST", body, headers })
        : await ada.get(path);
    expect(ada.whereTo(response), how).toBe("/sign-in/problem");
    expect(attemptCookies(ada), how).toEqual([]);
    const page = (await ada.follow(response)).body;
    expect(textOf(page)).toContain("Google sent a response we couldn’t verify");
    expect(textOf(page)).toContain("Try again with Google");
    expect(await db.lastCause("oauth.complete")).toBe("google:no_parameters");
  }
  // To programs and subresources they are still no page.
  const stranger = newClient();
  for (const [method, more] of [
    ["GET", { "sec-fetch-dest": "image" }],
    ["POST", { "content-type": "application/json" }],
    ["POST", { "content-type": type, "sec-fetch-dest": "iframe" }],
  ] as const)
    expect((await stranger.send(path, { method, headers: more })).status).toBe(404);
});

test("step-up suspends an action on a provider, and carries it out afterwards", async ({
  oidc,
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const [ada, email] = [newClient(), newAddress("ada")];
  await ada.signUpAndVerify(email, password, inbox);
  for (const provider of providers) setUser(oidc[provider], email);
  const outdate = () =>
    db.sql`update sessions set authenticated_at = now() - interval '11 minutes'`;
  const state = async () =>
    (
      await db.sql<{ provider: string; needsConfirmation: boolean }[]>`
        select provider, confirmation_required_at is not null as "needsConfirmation" from auth_providers
        where subject = ${email}`
    ).map(({ provider, needsConfirmation }) => `${provider}${needsConfirmation ? "?" : ""}`);
  /** Submits a form with an old session, and steps up with the password. */
  const submitWithStepUp = async (path: string, button: string) => {
    await outdate();
    const before = await state();
    const asked = ada.whereTo(await ada.submit(path, button)) ?? "";
    expect(asked, button).toMatch(/^\/account\/confirm\?next=/);
    expect(await state(), button).toEqual(before);
    return ada.submit(asked, "Continue", { password });
  };

  const started = await submitWithStepUp("/account/methods", "Connect Google");
  const returned = await ada.get(await callbackUrlFrom(await authorizationUrlOf(ada, started)));
  expect(ada.whereTo(returned)).toBe("/account/connect");
  const connected = submitWithStepUp("/account/connect", "Connect Google");
  expect(await textAfter(ada, connected)).toContain("Google is connected.");
  expect(await state()).toEqual(["google"]);
  await db.sql`update auth_providers set confirmation_required_at = now() where subject = ${email}`;
  const confirmed = submitWithStepUp("/account/methods", "Keep Google");
  expect(await textAfter(ada, confirmed)).toContain("Google stays connected.");
  expect(await state()).toEqual(["google"]);
  const disconnected = submitWithStepUp("/account/disconnect/google", "Disconnect Google");
  expect(await textAfter(ada, disconnected)).toContain("Google is disconnected.");
  expect(await state()).toEqual([]);
});

const iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15";

test("an in-app browser shows a reason instead of the Google button; Safari shows the button", async ({
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
  "Forgot password?",
  "Continue with Google",
  "Continue with LinkedIn",
];
const used = (button: string) => `${button} ${en["signIn.lastUsed"]}`;

/** The order of the sign-in page's buttons, by the cookie of the last method. */
const orders: Record<string, string[]> = {
  magic_link: [used(usual[0]!), ...usual.slice(1)],
  email: [used(usual[1]!), usual[0]!, ...usual.slice(2)],
  google: [used(usual[3]!), usual[4]!, ...usual.slice(0, 3)],
  linkedin: [used(usual[4]!), usual[3]!, ...usual.slice(0, 3)],
};

const buttons = (html: string) =>
  [...html.matchAll(/<button\b[^>]*>(.*?)<\/button>/gs)].map(([, label = ""]) => textOf(label));

test("the method that a browser used last comes first with a badge; unknown values have no effect", async ({
  oidc,
  newClient,
  newAddress,
  inbox,
}) => {
  const seen = async (client: Client) => buttons((await client.get("/sign-in")).body);
  const email = newAddress("ada");
  setUser(oidc.google, newAddress("leo"));
  setUser(oidc.linkedin, newAddress("nina"));
  const signIns: Record<string, (client: Client) => Promise<unknown>> = {
    magic_link: (client) => client.signIn(newAddress("ada"), inbox),
    email: (client) => client.signUpAndVerify(email, password, inbox),
    google: (client) => signInWithProvider(client, "google"),
    linkedin: (client) => signInWithProvider(client, "linkedin"),
  };
  for (const [method, signIn] of Object.entries(signIns)) {
    const client = newClient();
    await signIn(client);
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
