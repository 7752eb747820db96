import { expect, test } from "vitest";
import { z } from "zod";
import { hours } from "@/lib/core/duration";
import { ok } from "@/lib/core/result";
import type { AnyFlow } from "@/lib/runtime/flow";
import { Browser } from "@/test/support/browser";
import { keys } from "@/test/support/oauth-fixtures";
import { validPassword } from "@/test/support/passwords";
import { setUpWorld } from "@/test/support/setup";
import { runOnCommandLine, setRole, staffBrowser } from "@/test/support/staff";
import { flows } from ".";
import { issueAccessLink } from "./access-links/issue-access-link";
import { redeemAccessLink } from "./access-links/redeem-access-link";
import { deleteAccount } from "./deletion/delete-account";

/**
 * Who may run what: every flow × every kind of caller, as the runner decides it from what each flow declares.
 * What a flow refuses by itself, such as what belongs to somebody else, has its own tests.
 */

const world = await setUpWorld(keys);

async function signedUp(name: string): Promise<Browser> {
  const browser = new Browser(world);
  await browser.signUpAndVerify(`${name}@example.com`, validPassword);
  return browser;
}

/** By what the table calls them. */
const callers: Record<string, () => Promise<Browser>> = {
  nobody: () => Promise.resolve(new Browser(world)),
  "member, signed in 13 hours ago": async () => {
    const browser = await signedUp("late");
    // All that follow sign in after it.
    await world.advance(hours(13));
    return browser;
  },
  member: () => signedUp("member"),
  "access link": async () => {
    await signedUp("locked-out");
    const id = await world.userIdOf("locked-out@example.com");
    await runOnCommandLine(world, issueAccessLink, { id, reason: "Lost her phone" });
    const { token } = await world.letterTo("locked-out@example.com");
    const browser = new Browser(world);
    await browser.run(redeemAccessLink, { token, email: "locked-out@example.com" });
    return browser;
  },
  "to be erased": async () => {
    const browser = await signedUp("leaving");
    await browser.run(deleteAccount, { email: "leaving@example.com" });
    await browser.signInWithPassword("leaving@example.com", validPassword);
    return browser;
  },
  support: () => staffBrowser(world, "support"),
  admin: () => staffBrowser(world, "admin"),
  "former admin": async () => {
    const browser = await staffBrowser(world, "admin", "former@example.com");
    await setRole(world, "former@example.com", "member");
    return browser;
  },
};

/** The flow with all that it declares about its callers, and nothing to do. */
const onlyRules = (flow: AnyFlow): AnyFlow => ({
  name: flow.name,
  kind: flow.kind,
  requires: flow.requires,
  ...(flow.maxAuthAge && { maxAuthAge: flow.maxAuthAge }),
  ...(flow.isOwnersOnly && { isOwnersOnly: true }),
  ...(flow.duringDeletion && { duringDeletion: true }),
  limits: [],
  input: z.unknown(),
  run: () => Promise.resolve(ok(null)),
});

test("every flow × every kind of caller is as docs/authorization.md says", async () => {
  const browsers = new Map<string, Browser>();
  for (const [name, make] of Object.entries(callers)) browsers.set(name, await make());
  const cells: string[][] = [];
  for (const flow of flows) {
    const row = [`\`${flow.name}\``];
    for (const browser of browsers.values()) {
      const result = await browser.run(onlyRules(flow), {});
      row.push(result.ok ? "yes" : `\`${result.refusal.code}\``);
    }
    cells.push(row);
  }
  const asRow = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const head = ["flow", ...browsers.keys()];
  const text = [
    "# Who may run what",
    "",
    "Every page, form and API operation runs one of these flows. “Yes” means that the runner lets the caller in;",
    "what a flow refuses by itself, such as what belongs to somebody else, is not in this table. Everybody in it",
    "has just signed in, unless it says otherwise. A code is the refusal. The test",
    "`lib/flows/authorization.flow.test.ts` writes this file and fails when it differs.",
    "",
    asRow(head),
    asRow(head.map(() => "---")),
    ...cells.map(asRow),
    "",
  ].join("\n");
  await expect(text).toMatchFileSnapshot("../../docs/authorization.md");
  expect(cells.flat().join(" ")).toContain("access_link_session");
});
