import { rmSync } from "node:fs";
import { startOidcServer } from "@/test/support/oidc-server";
import { Server } from "./server";
import { test } from "./test";
import type { Provider } from "./oauth";

export type OidcServer = Awaited<ReturnType<typeof startOidcServer>>;
export type OidcServers = Readonly<Record<Provider, OidcServer>>;

/** What a server has to know of them. */
export const keysOf = ({ google, linkedin }: OidcServers) => ({
  ...google.settings,
  ...linkedin.settings,
});

/** Whoever comes back from a provider now: somebody new there, unless they came before. */
export function setUser(
  { person }: OidcServer,
  email: string,
  claims: Record<string, unknown> = {},
): void {
  Object.assign(person, { sub: email, email, email_verified: true, hd: undefined }, claims);
}

interface WorkerFixtures {
  oidc: OidcServers;
  server: Server;
  /** A second process of the same installation. Either may take a letter: they have one mailbox. */
  sibling: Server;
}

/** A client may say which network it is in, as it would be said of it by a proxy. */
const hops = { TRUSTED_PROXY_HOPS: "1" };

/**
 * Tests on a server that knows two providers, which do what their script says. Playwright keeps a
 * worker and its server for the next file as long as that one uses the very same `test`.
 */
export const testWithProviders = test.extend<{ resetProviders: null }, WorkerFixtures>({
  oidc: [
    async ({}, use) => {
      const [google, linkedin] = await Promise.all([
        startOidcServer({ quirks: "google" }),
        startOidcServer({ quirks: "linkedin" }),
      ]);
      await use({ google, linkedin });
      await Promise.all([google.stop(), linkedin.stop()]);
    },
    { scope: "worker" },
  ],
  server: [
    async ({ database, oidc }, use) => {
      const settings = { ...hops, ...keysOf(oidc) };
      const server = await Server.start({ databaseUrl: database.url, settings });
      await use(server);
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
  sibling: [
    async ({ database, server: { origin, dataDir }, oidc }, use) => {
      const settings = { ...hops, ...keysOf(oidc) };
      const sibling = await Server.start({ databaseUrl: database.url, origin, dataDir, settings });
      await use(sibling);
      await sibling.stop();
    },
    { scope: "worker" },
  ],
  resetProviders: [
    async ({ oidc }, use) => {
      for (const provider of Object.values(oidc)) provider.resetProviders();
      await use(null);
    },
    { auto: true },
  ],
});
