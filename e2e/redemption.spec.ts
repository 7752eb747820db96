import { bounds } from "@/lib/core/policy";
import { decodeFlash } from "@/lib/web/flash-page";
import { Client } from "./support/client";
import type { Db } from "./support/db";
import { extents } from "./support/extents";
import { formWith } from "./support/forms";
import { setUser, testWithProviders as test } from "./support/oidc";
import type { Server } from "./support/server";
import { expect } from "./support/test";
import { startOAuth, callbackUrlFrom } from "./support/oauth";

// Each client reports its own IP address: the statement that consumes the secret decides a race, and
// not the limit per network.

/** Tabs of one browser, spread over the servers, each with its own IP address. */
const tabsOf = (browser: Client, servers: readonly Server[], count: number) =>
  Array.from({ length: count }, (_, n) => {
    const tab = new Client(servers[n % servers.length]!, { "x-forwarded-for": `10.0.0.${n}` });
    for (const [name, value] of browser.jar) tab.jar.set(name, value);
    return tab;
  });

for (const { details, isWhole } of extents) {
  const count = isWhole ? 100 : 20;
  test(
    `of ${count} requests with one link on two servers, one takes effect and one session lives`,
    details,
    async ({ newClient, server, sibling, inbox, db, newAddress }) => {
      for (let round = 0; round < (isWhole ? 50 : 1); round += 1) {
        await db.clearLimits();
        const email = newAddress("ada");
        const asker = newClient();
        await asker.requestLink(email);
        const { path } = await inbox.letterTo(email);
        const form = formWith((await asker.get(path)).body, "Sign in");
        const tabs = tabsOf(asker, [server, sibling], count);
        const others = strangers([server, sibling], 5);
        const formsOfOthers = await Promise.all(
          others.map(async (other) => formWith((await other.get(path)).body, "Sign in")),
        );
        const responses = await Promise.all([
          ...tabs.map((tab) => tab.post(path, form)),
          ...others.map((other, n) => other.post(path, formsOfOthers[n]!, { username: email })),
        ]);
        expect(responses.filter(({ status }) => status !== 303)).toEqual([]);
        // A busy machine may not serve all of them in time. That is said, has no effect and no event.
        const served = [...tabs, ...others].filter(
          (client, n) => client.whereTo(responses[n]!) !== "/unavailable",
        );

        const all = served.filter(isIn);
        // Either the browser that asked consumed it, and repeated it, or another one that typed the address.
        const isOfAsker = all.some((client) => tabs.includes(client));
        expect(all.every((client) => tabs.includes(client) === isOfAsker)).toBe(true);
        expect(await live(all, email), `round ${round}`).toBe(1);
        expect(await db.sessionsOf(email)).toHaveLength(1);
        expect(all.length).toBe(isOfAsker ? 1 + bounds.repeats : 1);
        expect(await outcomesOf(db, email, "magic_link.redeem"), `round ${round}`).toEqual({
          ok: 1,
          ...(isOfAsker && { "ok repeated": bounds.repeats }),
          link_invalid: served.length - all.length,
        });
        expect(refusalsOf(served)).toEqual({ link_invalid: served.length - all.length });
      }
    },
  );
}

/** How many events an address has of each outcome; repetitions apart. */
async function outcomesOf(db: Db, email: string, of: string): Promise<Record<string, number>> {
  const redeemed = (await db.auditOf(email)).filter(({ event }) => event === of);
  const counts: Record<string, number> = {};
  for (const { outcome, cause } of redeemed) {
    const key = cause === "repeated" ? `${outcome} repeated` : outcome;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

/** How many of the clients that are not signed in were told each reason. */
function refusalsOf(clients: readonly Client[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { jar } of clients.filter((client) => !isIn(client))) {
    const { code = "none" } = (decodeFlash(jar.get("latchkey-flash") ?? null) ?? {}) as {
      code?: string;
    };
    counts[code] = (counts[code] ?? 0) + 1;
  }
  return counts;
}

/** A tab beyond the limit of codes is refused before its code is compared, and has no event. */
function expectOneCodeTaken(tabs: readonly Client[], outcomes: Record<string, number>) {
  const { code_invalid = 0, too_many_attempts = 0, ...others } = refusalsOf(tabs);
  expect(others).toEqual({});
  expect(code_invalid + too_many_attempts).toBe(tabs.length - 1 - bounds.repeats);
  const { code_invalid: compared = 0, ...ok } = outcomes;
  expect(ok).toEqual({ ok: 1, "ok repeated": bounds.repeats });
  expect(compared).toBe(code_invalid);
}

for (const { details, isWhole } of extents) {
  const count = isWhole ? 100 : 20;
  test(
    `of ${count} requests with the right code on two servers, one takes effect and one session lives`,
    details,
    async ({ client, server, sibling, inbox, db, newAddress }) => {
      const email = newAddress("ada");
      await client.requestLink(email);
      const { code } = await inbox.letterTo(email);
      const form = formWith((await client.get("/sign-in/check")).body, "Continue");
      const tabs = tabsOf(client, [server, sibling], count);
      const responses = await Promise.all(
        tabs.map((tab) => tab.post("/sign-in/check", form, { code })),
      );
      expect(responses.filter(({ status }) => status !== 303)).toEqual([]);
      expect(tabs.filter(isIn)).toHaveLength(1 + bounds.repeats);
      expect(await live(tabs, email)).toBe(1);
      expect(await db.sessionsOf(email)).toHaveLength(1);
      expectOneCodeTaken(tabs, await outcomesOf(db, email, "email_code.redeem"));
    },
  );
}

for (const { details, isWhole } of extents) {
  const count = isWhole ? 100 : 20;
  test(
    `of ${count} wrong codes sent at once, five are compared`,
    details,
    async ({ client, server, sibling, inbox, db, newAddress }) => {
      const email = newAddress("ada");
      await client.requestLink(email);
      const { code, path } = await inbox.letterTo(email);
      const form = formWith((await client.get("/sign-in/check")).body, "Continue");
      const servers = [server, sibling];
      await Promise.all(
        Array.from({ length: count }, async (_, n) => {
          const tab = new Client(servers[n % 2]!);
          for (const [name, value] of client.jar) tab.jar.set(name, value);
          const guess = String((Number(code) + 1 + n) % 1_000_000).padStart(6, "0");
          await tab.post("/sign-in/check", form, { code: guess });
        }),
      );
      const compared = (await db.auditOf(email)).filter(({ cause }) => cause === "wrong");
      expect(compared).toHaveLength(5);
      expect(await db.verificationsOf(email)).toMatchObject([{ state: "live", tries: 5 }]);
      await db.clearLimits();
      await client.post("/sign-in/check", form, { code });
      expect(client.jar.has("latchkey-session")).toBe(false);
      await client.submit(path, "Sign in");
      expect(client.jar.has("latchkey-session")).toBe(true);
    },
  );
}

const password = "four unrelated words here";

/** Separate browsers, spread over the servers, each with its own IP address. */
const strangers = (servers: readonly Server[], count: number) =>
  Array.from(
    { length: count },
    (_, n) =>
      new Client(servers[n % servers.length]!, { "x-forwarded-for": `10.1.${n >> 8}.${n & 255}` }),
  );

const isIn = ({ jar }: Client) => jar.has("latchkey-session");

/** How many of the clients are signed in: only the last token that was issued works. */
async function live(clients: readonly Client[], email: string): Promise<number> {
  let count = 0;
  for (const client of clients.filter(isIn))
    if ((await client.get("/api/v1/session")).body.includes(email)) count += 1;
  return count;
}

for (const { details, isWhole } of extents) {
  const count = isWhole ? 100 : 20;
  test(
    `of ${count} requests with the right sign-up code on two servers, one creates the account`,
    details,
    async ({ client, server, sibling, inbox, db, newAddress }) => {
      const email = newAddress("ada");
      await client.submit("/sign-up", "Sign up", { email, password });
      const code = await inbox.codeTo(email);
      const form = formWith((await client.get("/verify-email")).body, "Finish signing up");
      const tabs = tabsOf(client, [server, sibling], count);
      const responses = await Promise.all(
        tabs.map((tab) => tab.post("/verify-email", form, { code })),
      );
      expect(responses.filter(({ status }) => status !== 303)).toEqual([]);
      expect(tabs.filter(isIn)).toHaveLength(1 + bounds.repeats);
      expect(await live(tabs, email)).toBe(1);
      expect(await db.sql`select 1 from users where email = ${email}`).toHaveLength(1);
      expect(await db.sessionsOf(email)).toHaveLength(1);
      expectOneCodeTaken(tabs, await outcomesOf(db, email, "sign_up.verify"));
    },
  );
}

for (const { details, isWhole } of extents) {
  const count = isWhole ? 100 : 20;
  test(
    `of ${count} requests with one reset link and different passwords, one sets its password`,
    details,
    async ({ client, newClient, server, sibling, inbox, db, newAddress }) => {
      const email = newAddress("ada");
      await newClient().signUpAndVerify(email, password, inbox);
      await client.submit("/password", "Email me a link", { email });
      const { path } = await inbox.letterTo(email);
      const form = formWith((await client.get(path)).body, "Set password and sign in");
      const tabs = tabsOf(client, [server, sibling], count);
      const passwordOf = (n: number) => `${password} number ${n}`;
      const responses = await Promise.all(
        tabs.map((tab, n) => tab.post(path, form, { password: passwordOf(n) })),
      );
      expect(responses.filter(({ status }) => status !== 303)).toEqual([]);
      const winners = [...tabs.keys()].filter((n) => isIn(tabs[n]!));
      expect(winners).toHaveLength(1);
      expect(await db.sessionsOf(email)).toHaveLength(1);
      const letters = await db.lettersTo(email);
      expect(letters.filter(({ kind }) => kind === "password_chosen")).toHaveLength(1);
      // So many passwords may take longer to hash than a request may take. Overload is not recorded.
      const wentTo = responses.map((response, n) => tabs[n]!.whereTo(response));
      const unavailable = wentTo.filter((at) => at === "/unavailable").length;
      const { overloaded = 0, ...told } = refusalsOf(tabs);
      const invalid = count - 1 - overloaded - unavailable;
      const ofInvalid = { ...(invalid > 0 && { link_invalid: invalid }) };
      expect(told).toEqual({ ...ofInvalid, ...(unavailable > 0 && { none: unavailable }) });
      expect(await outcomesOf(db, email, "password_reset.redeem")).toEqual({ ok: 1, ...ofInvalid });

      const signIn = (n: number) =>
        newClient().json("/api/v1/sessions", { email, password: passwordOf(n) });
      expect((await signIn(winners[0]!)).status).toBe(201);
      expect((await signIn((winners[0]! + 1) % count)).status).toBe(401);
    },
  );
}

for (const { details, isWhole } of extents) {
  const count = isWhole ? 60 : 20;
  test(
    `of ${count} wrong passwords sent at once to two servers, ten are compared`,
    details,
    async ({ newClient, server, sibling, inbox, db, newAddress }) => {
      const email = newAddress("ada");
      // A proof by email clears the account's attempts after its response.
      await newClient().json("/api/v1/sessions", { email, password: "a guess before the sign-up" });
      await newClient().signUpAndVerify(email, password, inbox);
      const counted = () => db.sql`select 1 from limits where rule = 'passwords_per_account'`;
      await expect.poll(counted).toHaveLength(0);
      const responses = await Promise.all(
        strangers([server, sibling], count).map((mallory, n) =>
          mallory.json("/api/v1/sessions", { email, password: `guess number ${n} of many` }),
        ),
      );
      const codes = responses.map(({ body }) => (JSON.parse(body) as { code: string }).code).sort();
      expect(codes).toEqual([
        ...Array<string>(10).fill("invalid_credentials"),
        ...Array<string>(count - 10).fill("too_many_attempts"),
      ]);
      for (const { status, headers } of responses)
        if (status !== 401)
          expect([status, Number(headers["retry-after"]) > 0]).toEqual([429, true]);
      const tried = (await db.auditOf(email)).filter(({ event }) => event === "password.sign_in");
      expect(tried.map(({ cause }) => cause).filter((cause) => cause === "wrong")).toHaveLength(10);
    },
  );
}

test(
  "when 200 people sign in at once, those beyond the queue get 503 with Retry-After",
  { tag: "@long" },
  async ({ newClient, server, inbox, db, newAddress }) => {
    const ada = newAddress("ada");
    await newClient().signUpAndVerify(ada, password, inbox);
    await db.sql`with inserted as (
      insert into users (email, password_hash)
      select n || '-' || email, password_hash from users, generate_series(1, 200) n where email = ${ada}
      returning id
    )
    insert into auth_providers (user_id, provider) select id, 'email' from inserted`;
    const signIn = (person: Client, n: number) =>
      person.json("/api/v1/sessions", { email: `${n + 1}-${ada}`, password });
    const people = strangers([server], 200);
    let left = people.length;
    const signingIn = people.map(async (person, n) => {
      const response = await signIn(person, n);
      left -= 1;
      return response;
    });
    // The liveness check responds while the sign-ins still wait.
    const waitingAtCheck: number[] = [];
    while (left > 0) {
      const { status } = await newClient().get("/livez");
      expect(status).toBe(200);
      waitingAtCheck.push(left);
    }
    expect(waitingAtCheck.filter((waiting) => waiting > 0).length).toBeGreaterThan(2);

    const rejected: number[] = [];
    const reasons = new Set<string>();
    for (const [n, { status, headers, body }] of (await Promise.all(signingIn)).entries()) {
      if (status === 201) continue;
      rejected.push(n);
      expect([status, Number(headers["retry-after"]) > 0]).toEqual([503, true]);
      reasons.add((JSON.parse(body) as { code: string }).code);
    }
    // On a busy machine some of those in the queue reach the limit of their run.
    expect(["overloaded", "unavailable"]).toEqual(expect.arrayContaining([...reasons]));
    expect(reasons).toContain("overloaded");
    // How many get in depends on the machine: those in the queue wait five seconds at most.
    expect(rejected.length).toBeGreaterThan(0);
    expect(rejected.length).toBeLessThan(people.length);
    for (const n of rejected.slice(0, 5)) expect((await signIn(people[n]!, n)).status).toBe(201);
  },
);

for (const { details, isWhole } of extents) {
  const count = isWhole ? 50 : 20;
  test(
    `${count} simultaneous first sign-ins of one provider account on two servers create one user`,
    details,
    async ({ oidc, server, sibling, db, newAddress }) => {
      for (const provider of ["google", "linkedin"] as const) {
        await db.clearLimits();
        const email = newAddress("ada");
        setUser(oidc[provider], email);
        const browsers = strangers([server, sibling], count);
        const callbacks = await Promise.all(
          browsers.map(async (browser) => callbackUrlFrom(await startOAuth(browser, provider))),
        );
        const responses = await Promise.all(
          browsers.map((browser, n) => browser.get(callbacks[n]!)),
        );
        const redirects = responses.map(({ status, headers }) => [status, headers.location]);
        expect(redirects).toEqual(browsers.map(() => [307, "/account"]));
        expect(browsers.filter(isIn)).toHaveLength(count);
        const users = await db.sql`select id from users where email = ${email}`;
        expect(users).toHaveLength(1);
        expect(
          await db.sql`select user_id as id from auth_providers where subject = ${email}`,
        ).toEqual(users);
        expect(await db.sessionsOf(email)).toHaveLength(count);
        // One callback in many tabs signs in once: every tab that is in has the same session.
        const [first] = strangers([server, sibling], 1);
        const callback = await callbackUrlFrom(await startOAuth(first!, provider));
        const tabs = tabsOf(first!, [server, sibling], 20);
        await Promise.all(tabs.map((tab) => tab.get(callback)));
        const tokens = tabs.filter(isIn).map(({ jar }) => jar.get("latchkey-session"));
        expect(new Set(tokens).size).toBe(1);
        expect(await db.sessionsOf(email)).toHaveLength(count + 1);
      }
    },
  );
}
