import { sql } from "drizzle-orm";
import { afterAll, expect, test, vi } from "vitest";
import { z } from "zod";
import { openDatabase } from "@/db/client";
import { row } from "@/db/rows";
import { seconds } from "@/lib/core/duration";
import { defineFlow } from "./flow";
import type { RequestContext } from "./request-context";
import { ok } from "@/lib/core/result";
import { refused, setUpWorld } from "@/test/support/setup";
import { postgresUrlOf } from "@/test/support/world";
import { runFlow } from "./run-flow";

const world = await setUpWorld();
const url = await postgresUrlOf(world.db);
const reasons: string[] = [];
const pool = await openDatabase({
  url: url.href,
  directory: "",
  connections: 1,
  // Postgres itself would end the transaction only after this.
  limits: { idleInTransaction: 600 },
  onDrop: (reason) => reasons.push(reason),
});
afterAll(() => pool.close());
const { db } = pool;
const here = world.with({ db });

const requestContext: RequestContext = {
  requestId: "r",
  sameOrigin: true,
  shownTo: null,
  acceptsCookies: true,
  ip: null,
  country: null,
  network: "n",
  browser: "Firefox",
  sessionDigest: null,
  sessionRenewed: false,

  cookieHeader: null,
  requestingBrowserDigest: "a",
  deviceDigest: "d",
  hasDeviceCookie: false,
  readSession: () => Promise.resolve(null),
};

const stuck = defineFlow({
  name: "test.stuck",
  kind: "write",
  requires: "anyone",
  limits: [],
  audited: { subject: "nobody", refusals: {} },
  input: z.object({}),
  run: (ctx) =>
    ctx.write(async (tx) => {
      await tx.execute(sql`insert into users (email) values ('ada@example.com')`);
      await new Promise(() => {});
      return ok(null);
    }),
});

test("a run that times out releases its only connection, and its change is rolled back (S4)", async () => {
  const { result } = await runFlow(here, stuck, requestContext, {}, seconds(1));
  expect(result).toEqual(refused("unavailable"));
  expect(reasons).toEqual(["run_given_up"]);
  await vi.waitUntil(() => row(db, sql`select 1`).catch(() => null), { timeout: 120_000 });
  expect(await row(world.db, sql`select from users`)).toBeUndefined();
});
