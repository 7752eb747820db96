import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, expect, test } from "vitest";
import { openDatabase } from "@/db/client";
import { bounds } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { FaultProxy } from "@/test/support/fault-proxy";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { count, lettersOf } from "@/test/support/queries";
import { setUpWorld } from "@/test/support/setup";
import { postgresUrlOf } from "@/test/support/world";
import { createApiHandler } from "./handler";

/**
 * The JSON API over HTTP, on a Postgres that commits and whose answer is lost on the way (decision 32).
 */
const world = await setUpWorld();
const url = await postgresUrlOf(world.db);
const proxy = await FaultProxy.before(url.href);
const pool = await openDatabase({ url: proxy.url, directory: "", connections: 10 });
const handle = createApiHandler(world.with({ db: pool.db }), () => {});
const server = createServer((incoming, response) => {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  incoming.on("end", () => {
    const { method = "GET", headers, url: path = "/" } = incoming;
    const body = Buffer.concat(chunks);
    const request = new Request(world.env.origin.origin + path, {
      method,
      headers: headers as Record<string, string>,
      ...(body.length > 0 && { body }),
    });
    void handle(request).then(async (result) => {
      response.writeHead(result.status, {
        ...Object.fromEntries(result.headers),
        "set-cookie": result.headers.getSetCookie(),
      });
      response.end(await result.text());
    });
  });
}).listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;

afterEach(() => proxy.restore());
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await pool.close();
  await proxy.close();
});

const ada = "ada@example.com";

/** A browser with its cookies. */
class Client {
  readonly jar: Map<string, string>;

  constructor(jar: Iterable<[string, string]> = []) {
    this.jar = new Map(jar);
  }

  async send(path: string, body?: unknown, method = body ? "POST" : "GET") {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`, {
      method,
      headers: {
        cookie: [...this.jar].map((pair) => pair.join("=")).join("; "),
        ...(body ? { "content-type": "application/json" } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, key = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value) this.jar.set(key, value);
      else this.jar.delete(key);
    }
    const text = await response.text();
    return { status: response.status, code: text && (JSON.parse(text) as { code?: string }).code };
  }

  /** Another tab of the same browser. */
  tab = () => new Client(this.jar);

  get session() {
    return this.jar.get("latchkey-session");
  }

  async isIn() {
    const { status } = await this.send("sessions");
    return status === 200;
  }
}

/** Sends a request whose COMMIT is done, and whose answer from Postgres is lost. */
async function lose(event: string, send: () => Promise<{ status: number }>) {
  const lost = proxy.loseCommitOf(event);
  const { status } = await send();
  expect(status).toBe(503);
  await lost;
}

/** The event of each flow that starts a session, and a request that does so. */
const signIns: Record<string, (client: Client) => Promise<[path: string, body: unknown]>> = {
  async "sign_up.verify"(client) {
    await client.send("sign-ups", { email: ada, password: validPassword });
    return ["sign-ups/verifications", { email: ada, code: (await world.letterTo(ada)).code }];
  },
  async "magic_link.redeem"(client) {
    await client.send("magic-links", { email: ada });
    return ["sessions", { token: (await world.letterTo(ada)).token }];
  },
  async "email_code.redeem"(client) {
    await client.send("magic-links", { email: ada });
    return ["sessions", { email: ada, code: (await world.letterTo(ada)).code }];
  },
  async "password_reset.redeem"(client) {
    await new Browser(world).signUpAndVerify(ada, otherPassword);
    await client.send("password-resets", { email: ada });
    const { token } = await world.letterTo(ada);
    return ["password-resets/redemptions", { token, password: validPassword }];
  },
};

test.each(Object.keys(signIns))(
  "%s works when it is repeated, in its browser alone, with one effect and one session",
  async (event) => {
    const client = new Client();
    const [path, body] = await signIns[event]!(client);
    await lose(event, () => client.send(path, body));
    expect(client.session).toBeUndefined();
    const letters = await lettersOf(world, ada);
    const { code } = await new Client().send(path, body);
    expect(["link_invalid", "code_invalid", "email_mismatch"]).toContain(code);
    expect(await client.send(path, body)).toMatchObject({ status: 201 });
    expect(await client.isIn()).toBe(true);
    expect(await count(world, "sessions")).toBe(1);
    expect(await count(world, "users")).toBe(1);
    expect(await lettersOf(world, ada)).toEqual(letters);
    expect((await world.audit()).filter(({ cause }) => cause === "repeated")).toHaveLength(1);
  },
);

test("a step-up and a new password leave their user signed in, and work when they are repeated", async () => {
  await new Browser(world).signUpAndVerify(ada, otherPassword);
  const client = new Client();
  await client.send("sessions", { email: ada, password: otherPassword });
  const stepUp = () => client.send("session/step-ups", { password: otherPassword });
  const change = () => client.send("password", { password: validPassword }, "PUT");
  for (const [event, send] of [
    ["step_up.password", stepUp],
    ["password.set", change],
  ] as const) {
    const { session } = client;
    await lose(event, send);
    expect(await client.isIn()).toBe(true);
    expect(client.session).toBe(session);
    expect(await send()).toMatchObject({ status: 204 });
    expect(client.session).not.toBe(session);
    expect(await client.isIn()).toBe(true);
    expect(await new Client([["latchkey-session", session!]]).isIn()).toBe(false);
  }
  expect((await lettersOf(world, ada)).filter((one) => /password_chosen/.test(one))).toHaveLength(
    1,
  );
});

test("of 30 parallel requests with one link, one has the effect and one session lives; others get none", async () => {
  const client = new Client();
  await client.send("magic-links", { email: ada });
  const { token } = await world.letterTo(ada);
  const tabs = Array.from({ length: 30 }, client.tab);
  const strangers = Array.from({ length: 5 }, () => new Client());
  const responses = await Promise.all([
    ...tabs.map((tab) => tab.send("sessions", { token })),
    ...strangers.map((stranger) => stranger.send("sessions", { token })),
  ]);
  const succeeded = responses.filter(({ status }) => status === 201);
  expect(succeeded).toHaveLength(1 + bounds.repeats);
  expect(strangers.every(({ session }) => session === undefined)).toBe(true);
  const live = await Promise.all(tabs.filter(({ session }) => session).map((tab) => tab.isIn()));
  expect(live.filter(Boolean)).toHaveLength(1);
  expect(await count(world, "sessions")).toBe(1);
  const events = (await world.audit()).filter(({ event }) => event === "magic_link.redeem");
  expect(
    events.filter(({ outcome, cause }) => outcome === "ok" && cause !== "repeated"),
  ).toHaveLength(1);
});
