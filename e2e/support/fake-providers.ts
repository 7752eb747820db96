import { expect, test, type Page } from "@playwright/test";
import { startFakeProviders } from "../../scripts/fake-providers.mjs";

/** Fake Google and LinkedIn, which run as long as the worker. */
export interface Providers {
  /** The environment variables of a server that uses them. */
  readonly settings: Readonly<Record<string, string>>;
}

/** The user whom a provider reports; with an empty email, it reports none. */
export interface ProviderUser {
  readonly email: string;
  /** True by default. */
  readonly verified?: boolean;
  /** Google's workspace domain. */
  readonly hd?: string;
  /** The account number at the provider; by default it is derived from the address. */
  readonly number?: string;
}

/** The worker fixture `providers`. */
export async function providers({}, use: (providers: Providers) => Promise<void>): Promise<void> {
  const { env, stop } = await startFakeProviders({ AUTH_URL: "http://localhost" });
  await use({ settings: env });
  await stop();
}

/** Tests that start no Latchkey server. */
export const testWithoutServer = test.extend<object, { providers: Providers }>({
  providers: [providers, { scope: "worker" }],
});
export { expect };

/** Fills in the page of a fake provider, or cancels there. */
export async function choose(page: Page, who: ProviderUser | "cancel"): Promise<void> {
  await page.getByRole("heading", { level: 1, name: /^Fake / }).waitFor();
  const clickButton = (name: string) => page.getByRole("button", { name, exact: true }).click();
  if (who === "cancel") return clickButton("Cancel");
  const { email, verified = true, hd, number } = who;
  const field = (label: string) => page.getByLabel(label, { exact: true });
  await field("Email").fill(email);
  await field("The address is verified").setChecked(verified);
  if (hd !== undefined) await field("Workspace domain (hd)").fill(hd);
  if (number !== undefined) await field("Account number").fill(number);
  await clickButton("Continue as somebody else");
}
