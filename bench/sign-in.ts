import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { OutgoingHttpHeaders } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../scripts/run.mjs";
import { type HttpResponse, cookiesFrom, send } from "./http";
import type { Latchkey } from "./servers";

let people = 0;

/** A new address each time, so each has one letter and unused limits. */
export const newAddress = () => `person-${(people += 1)}@example.com`;

let networks = 0;

/** A new IP address each time, because limits are not measured. */
export function newNetwork(): { "x-forwarded-for": string } {
  networks += 1;
  const ip = `10.${networks >> 16}.${(networks >> 8) & 255}.${networks & 255}`;
  return { "x-forwarded-for": ip };
}

/** Requests a link with the JSON API. */
export async function requestLink(
  { origin }: Latchkey,
  email: string,
  headers: OutgoingHttpHeaders = {},
): Promise<HttpResponse> {
  return expectStatus(202, await send(origin, "/api/v1/magic-links", { json: { email }, headers }));
}

/** Redeems the emailed link, in the browser that requested it. */
export async function redeem(
  latchkey: Latchkey,
  email: string,
  requested: HttpResponse,
  more: OutgoingHttpHeaders = {},
): Promise<HttpResponse> {
  const json = { token: await tokenFor(latchkey, email) };
  const headers = { cookie: cookiesFrom(requested), ...more };
  return expectStatus(201, await send(latchkey.origin, "/api/v1/sessions", { headers, json }));
}

/** The session cookie of a new user. */
export async function signIn(latchkey: Latchkey): Promise<string> {
  const email = newAddress();
  return sessionCookieIn(await redeem(latchkey, email, await requestLink(latchkey, email)));
}

/** The session cookie that a response sets, as a Cookie header. */
export function sessionCookieIn(response: HttpResponse): string {
  const cookie = cookiesFrom(response)
    .split("; ")
    .find((pair) => /session[\w-]*=./.test(pair));
  if (!cookie) throw new Failure(`No session cookie in a response with ${response.status}.`);
  return cookie;
}

/** Waits for the letter to an address; returns its token. */
async function tokenFor({ dataDir }: Latchkey, email: string): Promise<string> {
  const folder = join(dataDir, "mailbox");
  for (let tries = 0; tries < 2_000; tries += 1) {
    for (const name of newestFirst(folder)) {
      const { to, text } = JSON.parse(readFileSync(join(folder, name), "utf8")) as Letter;
      const [, token] = /\/l\/([\w-]+)/.exec(text) ?? [];
      if (to === email && token) return token;
    }
    await sleep(5);
  }
  throw new Failure("A letter did not arrive within 10 s.");
}

interface Letter {
  readonly to: string;
  readonly text: string;
}

function newestFirst(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
    // File names start with the time, so the newest letter is among the last.
    return names.sort().reverse().slice(0, 5);
  } catch {
    return []; // The server creates the folder with the first letter.
  }
}

/** Returns the response; throws a `Failure` when it has another status. */
export function expectStatus(status: number, response: HttpResponse): HttpResponse {
  if (response.status === status) return response;
  throw new Failure(
    `Expected ${status}, not ${response.status}: ${response.body.toString("utf8")}`,
  );
}
