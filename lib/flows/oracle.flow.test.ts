import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import type { Result } from "@/lib/result";
import { Browser } from "@/lib/testing/browser";
import { setUpWorld } from "@/lib/testing/setup";
import { flows } from ".";
import { listSessions } from "./sessions/list-sessions";
import { readSession } from "./sessions/read-session";
import { cancelMagicLink } from "./sign-in/cancel-magic-link";
import { previewMagicLink } from "./sign-in/preview-magic-link";
import { readWaiting } from "./sign-in/read-waiting";
import { redeemMagicLink } from "./sign-in/redeem-magic-link";

/**
 * The enumeration oracle: what a stranger learns about an address, whatever its account is like.
 * One table, account state × entry point; every cell must look like the row of an address that
 * nobody has: the answer, what the browser is given, the statements, and what follows.
 */

const world = await setUpWorld();

const address = "ada@example.com";
const unknownToken = "x".repeat(43);

/** How an address can stand. A later way in adds its states here. */
const states: Record<string, () => Promise<void>> = {
  none: () => Promise.resolve(),
  "magic-only": signUp,
  disabled: async () => {
    await signUp();
    await world.plant((tx) => tx.execute(sql`update users set disabled_at = now()`));
    await world.plant((tx) => tx.execute(sql`delete from sessions`));
  },
  "over its limit": async () => {
    await signUp();
    for (let n = 0; n < 3; n += 1) await new Browser(world).ask(address);
  },
};

async function signUp() {
  await new Browser(world).signIn(address);
}

/** What a stranger can do, by the flow's name; the catalogue says whether one is missing. */
const entryPoints: Record<string, (stranger: Browser) => Promise<Result<unknown>>> = {
  "magic_link.request": (stranger) => stranger.ask(address),
  "magic_link.wait": async (stranger) => {
    await stranger.ask(address);
    return stranger.run(readWaiting);
  },
  "magic_link.preview": (stranger) => stranger.run(previewMagicLink, { token: unknownToken }),
  "magic_link.redeem": (stranger) =>
    stranger.run(redeemMagicLink, { token: unknownToken, username: address }),
  "magic_link.cancel": (stranger) =>
    stranger.run(cancelMagicLink, { token: unknownToken, username: address }),
  "email_code.redeem": async (stranger) => {
    await stranger.ask(address);
    return stranger.type("000000", address);
  },
  "session.read": (stranger) => stranger.run(readSession),
};

test("every flow that strangers may run is in the table", () => {
  const open = flows.filter(({ requires }) => requires === "anyone").map(({ name }) => name);
  expect(Object.keys(entryPoints).sort()).toEqual(open.sort());
});

/** All that can be seen of one cell, and of what follows it in the same browser. */
async function cell(entryPoint: string, prepare: () => Promise<void>, signUp: "open" | "closed") {
  await prepare();
  const stranger = new Browser(world.but({ env: { ...world.env, signUp } }));
  const seen = async (act: () => Promise<Result<unknown>>) => {
    let result: Result<unknown> | undefined;
    const statements = await world.statementsOf(async () => {
      result = await act();
    });
    return { ...told(result!), given: stranger.handover, statements: statements.length };
  };
  const answer = await seen(() => entryPoints[entryPoint]!(stranger));
  const nextPage = await seen(() => stranger.run(readWaiting));
  const coolDown = await seen(() => stranger.ask(address));
  const wrongCodes = [];
  for (let n = 0; n < 6; n += 1)
    wrongCodes.push(await seen(() => stranger.type("111111", address)));
  const inside = await seen(() => stranger.run(listSessions));
  return { answer, nextPage, coolDown, wrongCodes, inside };
}

/** An answer without what differs between any two requests. */
function told(result: Result<unknown>) {
  if (result.ok) return result;
  const { reference: _, ...refusal } = result.refusal;
  return { ok: false, refusal };
}

describe.each(["open", "closed"] as const)("where sign-up is %s", (signUp) => {
  test.each(Object.keys(entryPoints))(
    "%s tells a stranger nothing about an account",
    async (entryPoint) => {
      const seen: Record<string, unknown> = {};
      for (const [state, prepare] of Object.entries(states)) {
        seen[state] = await cell(entryPoint, prepare, signUp);
        await world.reset();
      }
      const { none, ...others } = seen;
      for (const [state, other] of Object.entries(others)) expect(other, state).toEqual(none);
    },
  );
});
