import { rmSync } from "node:fs";
import { startOidcServer } from "@/test/support/oidc-server";
import { buildWithApiInNext } from "./project-copy";
import { Server } from "./server";
import { test } from "./test";
import type { Provider } from "./oauth";

export type OidcServer = Awaited<ReturnType<typeof startOidcServer>>;
export type OidcServers = Readonly<Record<Provider, OidcServer>>;

/** The environment variables of a server that uses these providers. */
export const keysOf = ({ google, linkedin }: OidcServers) => ({
  ...google.settings,
  ...linkedin.settings,
});

/** Sets the user that a provider reports from now on. */
export function setUser(
  { person }: OidcServer,
  email: string,
  claims: Record<string, unknown> = {},
): void {
  Object.assign(person, { sub: email, email, email_verified: true, hd: undefined }, claims);
}

interface WorkerFixtures {
  /** An option of playwright.config.ts: Next serves the JSON API, and not the request gate. */
  apiInNext: boolean;
  /** The folder of the build that the servers run. */
  build: { readonly project: string };
  oidc: OidcServers;
  server: Server;
  /** A second process of the same installation. They share one mailbox, as either may send a letter. */
  sibling: Server;
}

/** Lets a test choose a client's IP address, as a proxy would report it. */
const hops = { TRUSTED_PROXY_HOPS: "1" };

/**
 * Tests on a server with two scripted providers. Playwright reuses a worker and its server only for
 * files that use this same `test`.
 */
export const testWithProviders = test.extend<{ resetProviders: null }, WorkerFixtures>({
  apiInNext: [false, { option: true, scope: "worker" }],
  build: [
    async ({ apiInNext }, use) => {
      if (!apiInNext) return use({ project: "." });
      const { project, remove } = await buildWithApiInNext();
      await use({ project });
      remove();
    },
    { scope: "worker" },
  ],
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
    async ({ database, oidc, build: { project } }, use) => {
      const settings = { ...hops, ...keysOf(oidc) };
      const server = await Server.start({ databaseUrl: database.url, project, settings });
      await use(server);
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
  sibling: [
    async ({ database, server: { origin, dataDir }, oidc, build: { project } }, use) => {
      const settings = { ...hops, ...keysOf(oidc) };
      const databaseUrl = database.url;
      const sibling = await Server.start({ databaseUrl, origin, dataDir, project, settings });
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
