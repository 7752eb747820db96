import type { ReactNode } from "react";
import { renderToReadableStream } from "react-dom/server";
import { sql } from "drizzle-orm";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import ConfirmPage from "@/app/(signed-in)/account/confirm/page";
import AccountPage from "@/app/(signed-in)/account/page";
import MethodsPage from "@/app/(signed-in)/account/methods/page";
import SessionsPage from "@/app/(signed-in)/account/sessions/page";
import SignInPage from "@/app/(signed-out)/sign-in/page";
import { confirmProvider } from "@/lib/flows/account/confirm-provider";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { unlinkProvider } from "@/lib/flows/account/unlink-provider";
import { setPassword } from "@/lib/flows/password/set-password";
import { readSession } from "@/lib/flows/sessions/read-session";
import { registerMethod } from "@/lib/methods";
import { defineOAuthMethod } from "@/lib/methods/method";
import { setWorld } from "@/lib/runtime/world";
import { openapiDocument } from "@/lib/web/api/openapi";
import { accountStates } from "./support/account-states";
import { Browser } from "./support/browser";
import {
  claims,
  identitiesOf,
  keys,
  outcomeOf,
  writeIdentityDirectly,
} from "./support/oauth-fixtures";
import { validPassword } from "./support/passwords";
import { refused, setUpWorld } from "./support/setup";
import { testEnv } from "./support/world";

/**
 * A sign-in method is one file of data: this made-up provider is registered, and everything that has
 * to know it does. Nothing else in the project names it.
 */
const remove = registerMethod(
  defineOAuthMethod({
    id: "example",
    rank: 5,
    name: "Example",
    issuer: "https://id.example.com",
    isAuthoritativeFor: () => false,
    refusesInAppBrowsers: false,
  }),
);
afterAll(remove);

const request = vi.hoisted(() => ({ headers: new Headers() }));
vi.mock("next/headers", () => ({
  headers: async () => request.headers,
  cookies: async () => ({ set: () => {}, getAll: () => [] }),
}));

const vars = { ...keys, AUTH_EXAMPLE_ID: "e", AUTH_EXAMPLE_SECRET: "es" };
const world = await setUpWorld(vars);
const ada = "ada@example.com";

beforeEach(() => {
  setWorld(world);
  request.headers = new Headers();
});

type Page = () => Promise<ReactNode>;

/** What a page shows to this browser, as text. */
async function shown(page: Page, browser?: Browser): Promise<string> {
  const html = await rendered(page, browser);
  return html.replace(/<[^>]*>/g, "|").replace(/\|+/g, "|");
}

async function rendered(page: Page, browser?: Browser): Promise<string> {
  if (browser?.session) request.headers.set("cookie", `latchkey-session=${browser.session}`);
  const stream = await renderToReadableStream(await page());
  await stream.allReady;
  return (await new Response(stream).text()).replace(/<!--.*?-->/g, "");
}

const page = {
  signIn: () => SignInPage({ searchParams: Promise.resolve({}) }),
  methods: () => MethodsPage({ searchParams: Promise.resolve({}) }),
  confirm: () => ConfirmPage({ searchParams: Promise.resolve({}) }),
};

const signIn = async (where = world) => {
  const browser = new Browser(where);
  expect(outcomeOf(await browser.signInWithProvider("example", claims("e-1", ada)))).toBe(
    "sign_in",
  );
  return browser;
};

const methodsOf = async (browser: Browser, where = world) => {
  const result = await browser.run(listAuthProviders, {}, { world: where });
  if (!result.ok) throw new Error(result.refusal.code);
  return result.value;
};

test("the sign-in page offers it, after the methods of a lower rank", async () => {
  const text = await shown(page.signIn);
  expect(text).toMatch(/Continue with Google.*Continue with LinkedIn.*Continue with Example/);
});

test("the sign-in page offers it first in a browser that used it last", async () => {
  request.headers.set("cookie", "latchkey-method=example");
  expect(await shown(page.signIn)).toMatch(
    /Continue with Example.*Last used.*Continue with Google/,
  );
});

/** The labels of a page's buttons, and of the links that look like buttons, by how they look. */
const buttonsOf = (html: string) =>
  [
    ...html.matchAll(
      /<(?:a|button)\b[^>]*class="button button--(\w+)"[^>]*>(.*?)<\/(?:a|button)>/gs,
    ),
  ]
    .map(([, look = "", label = ""]) => ({ look, label: label.replace(/<[^>]*>/g, "").trim() }))
    .filter(({ label }) => label !== "");

test.each(["", "magic_link", "email", "google", "example"])(
  "the sign-in page has one primary button and the marks of companies, after signing in by %j",
  async (last) => {
    request.headers.set("cookie", `latchkey-method=${last}`);
    const html = await rendered(page.signIn);
    expect(buttonsOf(html).filter(({ look }) => look === "primary")).toHaveLength(1);
    expect(html.match(/<svg class="logo"/g)).toHaveLength(2);
    expect(html).toContain("Forgot password?");
  },
);

test("on the methods page what removes a method looks alike, and so does what does not", async () => {
  const browser = await signIn();
  expect((await browser.run(setPassword, { password: validPassword })).ok).toBe(true);
  await writeIdentityDirectly(world, ada, "google", "g-1");
  const html = await rendered(page.methods, browser);
  const inMain = buttonsOf(html.slice(html.indexOf("<main")));
  const labels = inMain.map(({ look, label }) => `${look}: ${label.replaceAll("\n", " ")}`);
  for (const label of labels)
    expect(label).toMatch(/^danger: (Remove|Disconnect)\b|^plain: (Change|Set|Connect|Keep)\b/);
  for (const verb of ["Remove", "Disconnect", "Change", "Connect"])
    expect(labels.join()).toContain(verb);
  // Each detail is a sentence of its own.
  const details = [...html.matchAll(/<\/h2>.*?<p>(.*?)<\/p>/gs)].flatMap(([, text = ""]) =>
    text.replace(/<[^>]*>/g, "").split(" · "),
  );
  expect(details.length).toBeGreaterThan(5);
  for (const detail of details) expect(detail).toMatch(/^[A-Z]|@/);
});

test("the sign-in page names no last used method that is disabled", async () => {
  request.headers.set("cookie", "latchkey-method=example");
  setWorld(world.with({ env: testEnv(keys) }));
  expect(await shown(page.signIn)).not.toContain("Last used");
});

test("the account page counts the methods that are usable", async () => {
  const browser = await signIn();
  expect(await shown(AccountPage, browser)).toContain("2 sign-in methods");
  setWorld(world.with({ env: testEnv(keys) }));
  expect(await shown(AccountPage, browser)).toContain("1 sign-in method");
});

test("the methods page offers no Keep where it is disabled", async () => {
  const browser = await signIn();
  await world.writeDirectly((tx) =>
    tx.execute(sql`update auth_providers set confirmation_required_at = now()`),
  );
  expect(await shown(page.methods, browser)).toMatch(/Keep or disconnect Example.*Keep\| Example/);
  setWorld(world.with({ env: testEnv({ ...vars, SIGN_IN_METHODS: "magic_link" }) }));
  const text = await shown(page.methods, browser);
  expect(text).not.toMatch(/Keep|needs your confirmation/i);
  expect(text).toMatch(/\|Example\|.*Disabled.*Disconnect\| Example/);
});

test("it is not offered where it has no keys, or is not enabled", async () => {
  for (const env of [keys, { ...vars, SIGN_IN_METHODS: "magic_link" }]) {
    setWorld(world.with({ env: testEnv(env) }));
    expect(await shown(page.signIn)).not.toContain("Example");
  }
});

test("the environment knows its variables, and that it verifies no email address", () => {
  expect(() => testEnv({ AUTH_EXAMPLE_ID: "e" })).toThrow(/AUTH_EXAMPLE_SECRET must both be set/);
  expect(() => testEnv({ ...vars, SIGN_IN_METHODS: "example" })).toThrow(
    /must include magic_link or password/,
  );
  expect(() => testEnv({ SIGN_IN_METHODS: "other" })).toThrow(/linkedin,example/);
});

test("the methods page shows it to a user who has it, and offers it to one who does not", async () => {
  const browser = await signIn();
  expect(await shown(page.methods, browser)).toMatch(/\|Example\|.*Disconnect\| Example/);
  const other = new Browser(world);
  await other.signIn("leo@example.com");
  expect(await shown(page.methods, other)).toMatch(/\|Example\|.*Not connected.*Connect\| Example/);
});

test("the sessions page says that the session began with it", async () => {
  expect(await shown(SessionsPage, await signIn())).toContain("Signed in with Example");
});

test("the step-up page offers what its data says: the email, and no password", async () => {
  const html = await rendered(page.confirm, await signIn());
  expect(html).not.toContain('type="password"');
  expect(html).toContain(ada);
  const withPassword = new Browser(world);
  await withPassword.signUpAndVerify("leo@example.com", validPassword);
  expect(await rendered(page.confirm, withPassword)).toContain('type="password"');
});

test("the only usable method cannot be removed (A4)", async () => {
  const where = world.with({ env: testEnv({ ...vars, SIGN_IN_METHODS: "password,example" }) });
  const browser = await signIn(where);
  expect(await methodsOf(browser, where)).toMatchObject([
    { provider: "example", isUsable: true, isLast: true },
  ]);
  setWorld(where);
  expect(await shown(page.methods, browser)).toContain("Your only method");
  expect(await browser.run(unlinkProvider, { provider: "example" }, { world: where })).toEqual(
    refused("last_sign_in_method"),
  );
  expect(await identitiesOf(where, ada)).toEqual(["example e-1"]);
});

test("the first verification of the email address suspends it, until its owner confirms it (O3, A5)", async () => {
  const attacker = await signIn();
  const owner = new Browser(world);
  await owner.signIn(ada);
  expect(await identitiesOf(world, ada)).toEqual(["example e-1 ?", "magic_link"]);
  expect(await attacker.run(readSession)).toMatchObject({ ok: true, value: null });
  const again = new Browser(world);
  await again.signInWithProvider("example", claims("e-1", ada));
  expect(again.session).toBeNull();
  expect(await shown(page.methods, owner)).toMatch(/Example/);
  expect(await owner.run(confirmProvider, { provider: "example" })).toMatchObject({ ok: true });
  expect(await identitiesOf(world, ada)).toEqual(["example e-1", "magic_link"]);
});

test("the enumeration oracle has its states, and can bring them about", async () => {
  const states = accountStates(world, ada);
  const own = Object.keys(states).filter((name) => name.startsWith("example"));
  expect(own).toEqual(["example only", "example, not confirmed"]);
  await states["example only"]!();
  expect(await identitiesOf(world, ada)).toEqual(["example example-1"]);
  await world.reset();
  await states["example, not confirmed"]!();
  expect(await identitiesOf(world, ada)).toEqual(["example example-1 ?", "magic_link"]);
});

test("the JSON API's description names it among the providers", () => {
  expect(JSON.stringify(openapiDocument())).toContain('["google","linkedin","example"]');
});

test("an id that belongs to no OAuth provider is refused", async () => {
  const browser = new Browser(world);
  for (const provider of ["magic_link", "password", "email", "other", ""])
    expect(await browser.startOAuth(provider)).toEqual(refused("not_found"));
});
