import { Client } from "./client";
import { textOf } from "./forms";
import type { HttpResponse } from "./http";

const names = { google: "Google", linkedin: "LinkedIn" } as const;
export type Provider = keyof typeof names;

/** The names of the parts of an attempt's cookie, in their order. */
const attemptParts = ["token", "state", "verifier", "nonce"] as const;
type AttemptParts = Partial<Record<(typeof attemptParts)[number], string>>;

/** The cookies of a client's OAuth attempts, the oldest first. */
export const attemptCookies = ({ jar }: Client): [name: string, value: string][] =>
  [...jar].filter(([name]) => name.startsWith("latchkey-oauth_attempt-"));

/** The cookie of a client's only OAuth attempt, and its parts. `with` replaces some of them. */
export function attemptCookie(client: Client) {
  const [[name, value] = [], ...more] = attemptCookies(client);
  if (!name || !value || more.length > 0) throw new Error("The client has not one OAuth attempt.");
  const values = value.split("~");
  const parts = Object.fromEntries(attemptParts.map((part, at) => [part, values[at] ?? ""]));
  return {
    name,
    value,
    parts: parts as Required<AttemptParts>,
    with: (changes: AttemptParts) => {
      const changed: AttemptParts = { ...parts, ...changes };
      client.jar.set(name, attemptParts.map((part) => changed[part]).join("~"));
    },
  };
}

/** Submits the provider's form on the sign-in page. */
export const submitProvider = (
  client: Client,
  provider: Provider,
  next?: string,
): Promise<HttpResponse> =>
  client.submit(
    next === undefined ? "/sign-in" : `/sign-in?next=${encodeURIComponent(next)}`,
    `Continue with ${names[provider]}`,
  );

/** Starts an OAuth attempt; returns the provider's authorization URL. */
export const startOAuth = async (client: Client, provider: Provider, next?: string) =>
  authorizationUrlOf(client, await submitProvider(client, provider, next));

/** Follows a response to the redirect page; returns the provider's authorization URL. */
export async function authorizationUrlOf(client: Client, response: HttpResponse): Promise<string> {
  const page = await client.follow(response);
  const [, url] = /<meta http-equiv="refresh" content="0;url=([^"]+)"/.exec(page.body) ?? [];
  if (!url) throw new Error(`No page redirects to a provider:\n${textOf(page.body)}`);
  return url.replaceAll("&amp;", "&");
}

/** The callback path and query from a provider that signs the user in without a page. */
export async function callbackUrlFrom(url: string): Promise<string> {
  const response = await fetch(url, { redirect: "manual" });
  const location = response.headers.get("location");
  if (!location) throw new Error(`The provider does not redirect: ${response.status}`);
  const { pathname, search } = new URL(location);
  return pathname + search;
}

/** Signs in with a provider; returns the response to the callback, without following it. */
export async function signInWithProvider(
  client: Client,
  provider: Provider,
  next?: string,
): Promise<HttpResponse> {
  return client.get(await callbackUrlFrom(await startOAuth(client, provider, next)));
}

/** A tab opened before this client signed in, in which another user signs in with a provider. */
export async function otherClientWithAttempt(client: Client, provider: Provider): Promise<Client> {
  const tab = new Client(client.serverAddress);
  const authorizationUrl = await startOAuth(tab, provider);
  tab.jar.set("latchkey-session", client.jar.get("latchkey-session")!);
  await tab.get(await callbackUrlFrom(authorizationUrl));
  return tab;
}
