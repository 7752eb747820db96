import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../scripts/run.mjs";
import { type HttpResponse, cookiesFrom, send } from "./http";
import type { Latchkey } from "./servers";

let people = 0;

/** Somebody new each time, so that an address has one letter and nobody's limits are used up. */
export const newAddress = () => `person-${(people += 1)}@example.com`;

let networks = 0;

/** An IP that nobody else comes from, where limits are not what is measured. */
export function newNetwork(): { "x-forwarded-for": string } {
  networks += 1;
  const ip = `10.${networks >> 16}.${(networks >> 8) & 255}.${networks & 255}`;
  return { "x-forwarded-for": ip };
}

/** Asks for a link through the JSON face. */
export async function ask({ origin }: Latchkey, email: string): Promise<HttpResponse> {
  return expectStatus(202, await send(origin, "/api/v1/magic-links", { json: { email } }));
}

/** Presses the link that came of it, in the browser that asked. */
export async function redeem(
  latchkey: Latchkey,
  email: string,
  asked: HttpResponse,
): Promise<HttpResponse> {
  const json = { token: await tokenFor(latchkey, email) };
  const headers = { cookie: cookiesFrom(asked) };
  return expectStatus(201, await send(latchkey.origin, "/api/v1/sessions", { headers, json }));
}

/** A live session of somebody new, as the one cookie that carries it. */
export async function signIn(latchkey: Latchkey): Promise<string> {
  const email = newAddress();
  const signedIn = await redeem(latchkey, email, await ask(latchkey, email));
  const cookie = cookiesFrom(signedIn)
    .split("; ")
    .find((pair) => /session=/.test(pair));
  if (!cookie) throw new Failure("Signing in set no session cookie.");
  return cookie;
}

/** The token in the letter to an address; waits for the post. */
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
    // Named by time. What comes now is among the last few.
    return names.sort().reverse().slice(0, 5);
  } catch {
    return []; // No letter yet, no folder yet.
  }
}

function expectStatus(status: number, response: HttpResponse): HttpResponse {
  if (response.status === status) return response;
  throw new Failure(
    `Expected ${status}, not ${response.status}: ${response.body.toString("utf8")}`,
  );
}
