import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import type { Key } from "@/lib/core/crypto";
import { setUpWorld } from "@/test/support/setup";
import { recordEvent } from "./audit-log";
import { auditSealer, verifyAuditLog } from "./audit-seals";

const world = await setUpWorld();
const key: Key = ["k".repeat(43)];
const facts = { outcome: "ok", requestId: "request", ip: null, browser: "firefox/linux" };

/** Transactions of other databases of the same Postgres may delay it. */
async function sealRest(seal: () => Promise<number>, events: number) {
  for (let sealed = 0; sealed < events;) sealed += await seal();
}

test("an event of a transaction that ends late is sealed in its place (T3)", async () => {
  const seal = auditSealer(world.db, key);
  let end = () => {};
  const mayEnd = new Promise<void>((resolve) => (end = resolve));
  let begun = () => {};
  const hasBegun = new Promise<void>((resolve) => (begun = resolve));
  const late = world.db.transaction(async (tx) => {
    await recordEvent(tx, { ...facts, event: "test.late" });
    begun();
    await mayEnd;
  });
  await hasBegun;
  await recordEvent(world.db, { ...facts, event: "test.done" });
  // The newer event is visible, and waits for the older one.
  for (let call = 0; call < 3; call += 1) expect(await seal()).toBe(0);
  end();
  await late;
  await sealRest(seal, 2);
  expect(await verifyAuditLog(world.db, key)).toMatchObject({ ok: true, sealed: 2, unsealed: 0 });
});

test("sealing delays no sign-in: events are written while a batch waits", async () => {
  const seal = auditSealer(world.db, key);
  await recordEvent(world.db, { ...facts, event: "test.done" });
  await seal();
  let sealing: Promise<number>;
  await world.db.transaction(async (tx) => {
    await tx.execute(sql`lock table audit_seals in exclusive mode`);
    sealing = seal();
    await recordEvent(world.db, { ...facts, event: "test.done" });
  });
  const sealed = await sealing!;
  await sealRest(seal, 2 - sealed);
  expect(await verifyAuditLog(world.db, key)).toMatchObject({ ok: true, unsealed: 0 });
});
