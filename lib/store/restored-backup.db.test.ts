import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { row, rows } from "@/db/rows";
import { readSession } from "@/lib/flows/sessions/read-session";
import { Browser } from "@/test/support/browser";
import { claims, keys } from "@/test/support/oauth-fixtures";
import { count, lettersOf } from "@/test/support/queries";
import { setUpWorld } from "@/test/support/setup";
import { countBroughtBack, endBroughtBack } from "./restored-backup";

/** `npm run restored`: what a backup brings back of the past must not work again. */

const world = await setUpWorld(keys);
const [ada, leo, eve] = ["ada@example.com", "leo@example.com", "eve@example.com"];

const nothing = { sessions: 0, verifications: 0, oauthAttempts: 0, emailChanges: 0, letters: 0 };
const refusal = (code: string) => ({ ok: false, refusal: { code } });

test("ends sessions, links, codes, pending identities and queued emails that a backup brings back", async () => {
  const [signedIn, waiting, atProvider] = [0, 1, 2].map(() => new Browser(world));
  await signedIn!.signIn(ada);
  await waiting!.requestLink(leo);
  const { token, code } = await world.letterTo(leo);
  await atProvider!.startOAuth("google");
  await new Browser(world).requestLink(eve);

  const counts = { sessions: 1, verifications: 2, oauthAttempts: 1, emailChanges: 0, letters: 1 };
  expect(await countBroughtBack(world.db)).toEqual(counts);
  expect(await endBroughtBack(world.db, "a-request")).toEqual(counts);

  expect(await signedIn!.run(readSession)).toMatchObject({ ok: true, value: null });
  expect(await waiting!.openLink({ token })).toMatchObject(refusal("link_invalid"));
  expect(await waiting!.submitCode(code, leo)).toMatchObject({ ok: false });
  const returned = await atProvider!.finishOAuth("google", claims("g-1", ada));
  expect(returned.ok).toBe(false);
  expect(await lettersOf(world, eve)).toEqual(["sign_up_link dead restored"]);
  expect(await world.deliver()).toEqual([]);
  expect(await count(world, "users")).toBe(1);
});

test("writes one audit row for all of it, and none when nothing is left", async () => {
  await new Browser(world).signIn(ada);
  const events = () =>
    rows(
      world.db,
      sql`select outcome, request_id as run, ip, browser from audit_events
        join audit_event_details on event_id = id where event = 'backup.restored'`,
    );
  await endBroughtBack(world.db, "the-first");
  expect(await countBroughtBack(world.db)).toEqual(nothing);
  expect(await endBroughtBack(world.db, "the-second")).toEqual(nothing);
  expect(await events()).toEqual([
    { outcome: "ok", run: "the-first", ip: null, browser: "command line" },
  ]);
});

test("changes nothing when it fails in the middle", async () => {
  await new Browser(world).signIn(ada);
  await new Browser(world).requestLink(leo);
  const before = await countBroughtBack(world.db);
  // Of its statements the second writes the audit row.
  world.failDatabaseAfter(1);
  await expect(endBroughtBack(world.db, "a-request")).rejects.toThrow();
  world.restoreDatabase();
  expect(await countBroughtBack(world.db)).toEqual(before);
  expect(before).toEqual({
    sessions: 1,
    verifications: 1,
    oauthAttempts: 0,
    emailChanges: 0,
    letters: 1,
  });
});

test("keeps the ends of links that were used or voided before the backup", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  const used = () =>
    row(world.db, sql`select consumed_with, voided_at::text as voided from verifications`);
  const before = await used();
  await endBroughtBack(world.db, "a-request");
  expect(await used()).toEqual(before);
});
