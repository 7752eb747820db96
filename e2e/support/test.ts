import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { type BrowserContext, expect, type Page, test as base } from "@playwright/test";
import { Client } from "./client";
import { type Database, Db, newDatabase } from "./db";
import { Inbox } from "./inbox";
import { Person } from "./person";
import { Server } from "./server";
import { type Providers, providers } from "./fake-providers";

interface WorkerFixtures {
  /** Fake Google and LinkedIn, which the worker's server uses. */
  providers: Providers;
  /** This worker's database on the tests' Postgres. */
  database: Database;
  /** This worker's server. */
  server: Server;
  inbox: Inbox;
  db: Db;
  /** Pages of earlier tests, for reuse; each has its own context, without cookies. */
  idlePages: Page[];
}

interface Fixtures {
  ada: Person;
  leo: Person;
  mallory: Person;
  /** Another browser of the same user. */
  another: (person: { email: string }, userAgent?: string) => Promise<Person>;
  client: Client;
  newClient: () => Client;
  /** An address that no test used before. */
  newAddress: (name: string) => string;
  /** Clears all limits before each test, and checks after it what must always hold. */
  invariants: null;
}

/** Tests on a server with Postgres. */
export const test = base.extend<Fixtures, WorkerFixtures>({
  providers: [providers, { scope: "worker" }],
  database: [
    async ({}, use) => {
      const database = await newDatabase();
      await use(database);
      await database.drop();
    },
    { scope: "worker" },
  ],
  server: [
    async ({ database, providers: { settings } }, use) => {
      const server = await Server.start({ databaseUrl: database.url, settings });
      await use(server);
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
  inbox: [async ({ server }, use) => use(new Inbox(server.dataDir)), { scope: "worker" }],
  db: [
    async ({ database, server }, use) => {
      // Depends on the server, which creates the tables.
      void server;
      const db = new Db(database.url);
      await use(db);
      await db.close();
    },
    { scope: "worker" },
  ],
  idlePages: [
    async ({ server }, use) => {
      // Depends on the server, whose origin the pages have.
      void server;
      const pages: Page[] = [];
      await use(pages);
      for (const page of pages) await page.context().close();
    },
    { scope: "worker" },
  ],

  invariants: [
    async ({ db, server, inbox }, use, testInfo) => {
      await db.clearLimits();
      const logStart = server.outputLines.length;
      const showLogs = logsFromNow();
      await use(null);
      if (testInfo.status !== testInfo.expectedStatus) showLogs();
      expect(await db.violations(), "violations in the tables").toEqual([]);
      expectCleanLog(server.outputLines.slice(logStart), inbox);
    },
    { auto: true },
  ],

  another: async ({ browser, server, inbox, idlePages, javaScriptEnabled }, use) => {
    const used: Page[] = [];
    const fresh: BrowserContext[] = [];
    const hasScript = javaScriptEnabled !== false;
    const openPage = async (userAgent?: string) => {
      const isUsual = hasScript && userAgent === undefined;
      const idle = isUsual ? idlePages.pop() : undefined;
      const context =
        idle?.context() ??
        (await browser.newContext({
          baseURL: server.origin,
          javaScriptEnabled: hasScript,
          ...(userAgent && { userAgent }),
        }));
      const page = idle ?? (await context.newPage());
      if (isUsual) used.push(page);
      else fresh.push(context);
      return page;
    };
    await use(async ({ email }, userAgent) =>
      Person.at(await openPage(userAgent), { email, inbox, serverAddress: server, hasScript }),
    );
    for (const context of fresh) await context.close();
    // A new context starts a browser process, which costs as much as loading several pages.
    for (const page of used) idlePages.push(await emptied(page));
  },
  newAddress: async ({}, use) => use((name) => `${name}-${randomUUID().slice(0, 8)}@example.com`),
  ada: async ({ another, newAddress }, use) => use(await another({ email: newAddress("ada") })),
  leo: async ({ another, newAddress }, use) => use(await another({ email: newAddress("leo") })),
  mallory: async ({ another, newAddress }, use) =>
    use(await another({ email: newAddress("mallory") })),
  newClient: async ({ server }, use) => use(() => new Client(server)),
  client: async ({ newClient }, use) => use(newClient()),
});

/** Resets a page to a new one, apart from its history. */
async function emptied(page: Page): Promise<Page> {
  const context = page.context();
  for (const other of context.pages()) if (other !== page) await other.close();
  await context.unrouteAll();
  await page.unrouteAll();
  await page.goto("about:blank");
  await context.clearCookies();
  return page;
}

/** Tests on a server with the embedded database, which no other process can open. */
export const testOnPglite = test.extend<object, WorkerFixtures>({
  server: [
    async ({ providers: { settings } }, use) => {
      const server = await Server.start({ settings });
      await use(server);
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
  invariants: async ({ server, inbox }, use) => {
    const logStart = server.outputLines.length;
    await use(null);
    expectCleanLog(server.outputLines.slice(logStart), inbox);
  },
});

/** Returns a function that prints what the running servers have logged since, apart from usual lines. */
export function logsFromNow(): () => void {
  const starts = new Map([...Server.running].map((one) => [one, one.outputLines.length]));
  return () => {
    for (const server of Server.running) {
      const outputLines = server.outputLines.slice(starts.get(server) ?? 0);
      const unusual = outputLines.filter((one) => !/"level":"(debug|info)"/.test(one)).slice(-60);
      console.log([`The server at port ${server.port} logged:`, ...unusual].join("\n"));
    }
  };
}

/** Expects no secret and no error in the log. */
function expectCleanLog(logLines: readonly string[], inbox: Inbox) {
  // The digits of an id can match a code by chance.
  const log = logLines.join("\n").replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "(id)");
  for (const { to, text } of inbox.all()) {
    const secrets = [to, ...(text.match(/\b\d{6}\b|[\w-]{43}/g) ?? [])];
    for (const secret of secrets) expect(log, "the log").not.toContain(secret);
  }
  const isError = (logLine: string) => /"level":"(error|fatal)"|^\s*⨯/.test(logLine);
  // With the lines that follow an error: its stack.
  const errors = logLines.flatMap((logLine, at) =>
    isError(logLine) ? [logLines.slice(at, at + 20).join("\n")] : [],
  );
  expect(errors, "errors in the log").toEqual([]);
}

export { expect };
