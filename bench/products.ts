import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import PostalMime from "postal-mime";
import { startFakeSmtp } from "@/test/support/fake-smtp";
import { Failure } from "../scripts/run.mjs";
import { cookiesFrom, Devices, type HttpResponse, send } from "./http";
import { forEachAtOnce } from "./load";
import { password } from "./passwords";
import type { Stage } from "./postgres";
import type { Server } from "./servers";
import { expectStatus, newNetwork } from "./sign-in";

export type ProductName = "latchkey" | "betterAuth" | "authjs";

/** Sign-ins of a product, each request from another IP address, because limits are not measured. */
export interface Product {
  readonly server: Server;
  requestLink(email: string): Promise<HttpResponse>;
  /** Follows the link in the text of a letter, in the browser that requested it. */
  redeem(letter: string, requested: HttpResponse): Promise<HttpResponse>;
  readonly passwords?: Passwords;
}

export interface Passwords {
  /** Adds users with the password of this benchmark. */
  addUsers(addresses: readonly string[]): Promise<void>;
  /** Throws a `Failure` unless the response has this status. */
  signIn(email: string, typed: string, isRight: boolean): Promise<HttpResponse>;
}

/** Letters, which every product sends by SMTP to this one server. */
export interface Mailbox {
  readonly url: string;
  /** The text of the letter to an address, which is then removed. */
  letterTo(address: string): Promise<string>;
}

// Connections stay open: only the server is timed, not the connection setup.
const agent = new Agent({ keepAlive: true });

const post = ({ origin }: Server, path: string, json: unknown, cookie = "") =>
  send(origin, path, { json, agent, headers: { ...newNetwork(), ...(cookie ? { cookie } : {}) } });

const get = ({ origin }: Server, path: string, cookie = "") =>
  send(origin, path, { agent, headers: { ...newNetwork(), ...(cookie ? { cookie } : {}) } });

export function latchkeyProduct(server: Server, stage: Stage, passwordHash: string): Product {
  const api = "/api/v1";
  const devices = new Devices();
  /** Who requested a link, by its response. */
  const requesters = new WeakMap<HttpResponse, string>();
  return {
    server,
    async requestLink(email) {
      const { cookie } = devices.of(email);
      const response = await post(server, `${api}/magic-links`, { email }, cookie);
      requesters.set(response, email);
      return expectStatus(202, response);
    },
    async redeem(letter, requested) {
      const email = requesters.get(requested) ?? "";
      const token = found(/\/l\/([\w-]+)/, letter);
      const cookies = [cookiesFrom(requested), devices.of(email).cookie].filter(Boolean);
      const response = await post(server, `${api}/sessions`, { token }, cookies.join("; "));
      devices.store(email, response);
      return expectStatus(201, response);
    },
    passwords: {
      addUsers: (addresses) => stage.addUsers(addresses, { provider: "email", passwordHash }),
      async signIn(email, typed, isRight) {
        const { cookie } = devices.of(email);
        const response = await post(server, `${api}/sessions`, { email, password: typed }, cookie);
        devices.store(email, response);
        return expectStatus(isRight ? 201 : 401, response);
      },
    },
  };
}

export function betterAuthProduct(server: Server): Product {
  const api = "/api/auth";
  return {
    server,
    requestLink: async (email) =>
      expectStatus(200, await post(server, `${api}/sign-in/magic-link`, { email })),
    redeem: async (letter) =>
      expectStatus(302, await get(server, found(/(\/api\/auth\/magic-link\/\S+)/, letter))),
    passwords: {
      addUsers: (addresses) =>
        forEachAtOnce(addresses, 8, async (email) => {
          const user = { email, password, name: email };
          expectStatus(200, await post(server, `${api}/sign-up/email`, user));
        }),
      async signIn(email, typed, isRight) {
        const response = await post(server, `${api}/sign-in/email`, { email, password: typed });
        return expectStatus(isRight ? 200 : 401, response);
      },
    },
  };
}

/** Auth.js has no passwords with sessions in the database. */
export async function authjsProduct(server: Server): Promise<Product> {
  // One browser requests all links: the request that sets its cookie is not measured.
  const opened = await get(server, "/api/auth/csrf");
  const { csrfToken } = JSON.parse(opened.body.toString("utf8")) as { csrfToken: string };
  const cookie = cookiesFrom(opened);
  return {
    server,
    async requestLink(email) {
      const body = Buffer.from(String(new URLSearchParams({ csrfToken, email })));
      const form = { body, type: "application/x-www-form-urlencoded" };
      const path = "/api/auth/signin/nodemailer";
      const response = await send(server.origin, path, { form, agent, headers: { cookie } });
      return expectStatus(302, response);
    },
    redeem: async (letter) =>
      expectStatus(302, await get(server, found(/(\/api\/auth\/callback\/\S+)/, letter), cookie)),
  };
}

export async function openMailbox(): Promise<Mailbox> {
  const { url, accepted } = await startFakeSmtp();
  return {
    url,
    async letterTo(address) {
      for (let tries = 0; tries < 5_000; tries += 1) {
        const at = accepted.findIndex(({ to }) => to.includes(address));
        if (at >= 0) {
          const [letter] = accepted.splice(at, 1);
          return (await PostalMime.parse(letter!.raw)).text ?? "";
        }
        await sleep(2);
      }
      throw new Failure(`No letter to ${address} arrived within 10 s.`);
    },
  };
}

function found(pattern: RegExp, text: string): string {
  const [, match] = pattern.exec(text) ?? [];
  if (!match) throw new Failure(`A letter has no link:\n${text}`);
  return match;
}
