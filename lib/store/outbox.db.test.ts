import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { z } from "zod";
import { rows } from "@/db/rows";
import { type Ctx, defineFlow } from "@/lib/runtime/flow";
import type { Identifier } from "@/lib/core/identifier";
import { ok, type Result } from "@/lib/core/result";
import { Browser } from "@/test/support/browser";
import { setUpWorld } from "@/test/support/setup";
import { listWithheld } from "./outbox";

const world = await setUpWorld();
const ada = "ada@example.com" as Identifier;

/** A flow that queues an email and then does this. */
const posting = (then: (ctx: Ctx) => Promise<Result<object>>) =>
  defineFlow({
    name: "test.post",
    kind: "write",
    requires: "anyone",
    limits: [],
    audited: { subject: "nobody", refusals: {} },
    input: z.strictObject({}),
    run: (ctx) => {
      ctx.post({
        kind: "magic_link",
        to: ada,
        verificationId: "00000000-0000-4000-8000-000000000000",
        token: ctx.random.token(),
        code: ctx.random.code(),
        browser: "firefox/linux",
        askedAt: new Date().toISOString(),
      });
      return then(ctx);
    },
  });

const counts = () =>
  rows<{ letters: number; events: number; users: number }>(
    world.db,
    sql`select (select count(*)::int from outbox) as letters,
        (select count(*)::int from audit_events) as events, (select count(*)::int from users) as users`,
  );

const addUser = sql`insert into users (email) values ('leo@example.com')`;

test("a flow that throws leaves neither its change nor its email nor its audit row", async () => {
  const flow = posting((ctx) =>
    ctx.write(async (tx) => {
      await tx.execute(addUser);
      throw new Error("a bug");
    }),
  );
  await expect(new Browser(world).run(flow)).rejects.toThrow("a bug");
  expect(await counts()).toEqual([{ letters: 0, events: 0, users: 0 }]);
});

test("a change that the database refuses rolls back the email", async () => {
  const flow = posting((ctx) =>
    ctx.write(async (tx) => {
      await tx.execute(addUser);
      await tx.execute(addUser);
      return ok({});
    }),
  );
  await expect(new Browser(world).run(flow)).rejects.toThrow();
  expect(await counts()).toEqual([{ letters: 0, events: 0, users: 0 }]);
});

test("an email that cannot be queued rolls back the change", async () => {
  const flow = posting((ctx) =>
    ctx.write(async (tx) => {
      await tx.execute(addUser);
      ctx.post({ kind: "magic_link", verificationId: "no id" } as never);
      return ok({});
    }),
  );
  await expect(new Browser(world).run(flow)).rejects.toThrow();
  expect(await counts()).toEqual([{ letters: 0, events: 0, users: 0 }]);
});

test("withheld emails are listed with their reason, the newest first; sent ones are not", async () => {
  for (let i = 0; i < 5; i += 1) await new Browser(world).requestLink(ada);
  await world.deliver();
  const withheld = await listWithheld(world.db);
  expect(withheld).toMatchObject(
    Array(2).fill({ kind: "sign_up_link", to: ada, reason: "over_limit" }),
  );
  expect(withheld[0]!.createdAt.getTime()).toBeGreaterThanOrEqual(withheld[1]!.createdAt.getTime());
});
