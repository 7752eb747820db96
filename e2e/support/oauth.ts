import { Client } from "./client";
import { textOf } from "./forms";
import type { HttpResponse } from "./http";

const names = { google: "Google", linkedin: "LinkedIn" } as const;
export type Provider = keyof typeof names;

/** Presses the provider's button on the sign-in page. */
export const press = (client: Client, provider: Provider, next?: string): Promise<HttpResponse> =>
  client.submit(
    next === undefined ? "/sign-in" : `/sign-in?next=${encodeURIComponent(next)}`,
    `Continue with ${names[provider]}`,
  );

/** The same, and reads where the browser is sent then. */
export const startOAuth = async (client: Client, provider: Provider, next?: string) =>
  authorizationUrlOf(client, await press(client, provider, next));

/** Follows an answer to the page that leads on to a provider, and reads the address there. */
export async function authorizationUrlOf(client: Client, response: HttpResponse): Promise<string> {
  const page = await client.follow(response);
  const [, url] = /<meta http-equiv="refresh" content="0;url=([^"]+)"/.exec(page.body) ?? [];
  if (!url) throw new Error(`Nothing leads to a provider:\n${textOf(page.body)}`);
  return url.replaceAll("&amp;", "&");
}

/** What a provider that asks nobody anything sends the browser back with. */
export async function callbackUrlFrom(url: string): Promise<string> {
  const response = await fetch(url, { redirect: "manual" });
  const location = response.headers.get("location");
  if (!location) throw new Error(`The provider sends nobody back: ${response.status}`);
  const { pathname, search } = new URL(location);
  return pathname + search;
}

/** There and back: the answer to coming back, not followed. */
export async function signInWithProvider(
  client: Client,
  provider: Provider,
  next?: string,
): Promise<HttpResponse> {
  return client.get(await callbackUrlFrom(await startOAuth(client, provider, next)));
}

/** A tab from before this client signed in, where somebody else comes back: it is asked whether to switch. */
export async function otherClientWithAttempt(client: Client, provider: Provider): Promise<Client> {
  const tab = new Client(client.serverAddress);
  const away = await startOAuth(tab, provider);
  tab.jar.set("latchkey-session", client.jar.get("latchkey-session")!);
  await tab.get(await callbackUrlFrom(away));
  return tab;
}
