import { expect, test, type Page } from "@playwright/test";
import { startStandIns } from "../../scripts/fake-providers.mjs";

/** Google and LinkedIn, for as long as a worker runs. */
export interface Providers {
  /** The environment of a server that is to use them. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Whom a provider tells the app of; with an empty email, of nobody's address. */
export interface Told {
  readonly email: string;
  /** As it is unless said otherwise. */
  readonly verified?: boolean;
  /** Google's workspace domain. */
  readonly hd?: string;
  /** The number of the account there; unless said, it is made from the address. */
  readonly number?: string;
}

/** The worker fixture of that name. */
export async function providers({}, use: (providers: Providers) => Promise<void>): Promise<void> {
  const { env, stop } = await startStandIns({ AUTH_URL: "http://localhost" });
  await use({ settings: env });
  await stop();
}

/** Tests that need no server of ours. */
export const testWithoutServer = test.extend<object, { providers: Providers }>({
  providers: [providers, { scope: "worker" }],
});
export { expect };

/** On the page of a stand-in, once it is there: types who one is, or cancels. */
export async function choose(page: Page, who: Told | "cancel"): Promise<void> {
  await page.getByRole("heading", { level: 1, name: /^Stand-in for / }).waitFor();
  const press = (name: string) => page.getByRole("button", { name, exact: true }).click();
  if (who === "cancel") return press("Cancel");
  const { email, verified = true, hd, number } = who;
  const field = (label: string) => page.getByLabel(label, { exact: true });
  await field("Email").fill(email);
  await field("The address is verified").setChecked(verified);
  if (hd !== undefined) await field("Workspace domain (hd)").fill(hd);
  if (number !== undefined) await field("Account number").fill(number);
  await press("Continue as somebody else");
}
