import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { rows } from "@/db/rows";
import { bounds } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { refused, setUpWorld } from "@/test/support/setup";
import { staffBrowser } from "@/test/support/staff";
import { listLetters } from "./list-letters";

const world = await setUpWorld();

test("staff see the emails that wait, and those that were not sent with the reason, without contents", async () => {
  const support = await staffBrowser(world, "support");
  for (let n = 0; n < 4; n += 1) await new Browser(world).requestLink("ada@example.com");
  const listed = await support.run(listLetters);
  expect(listed).toMatchObject({
    value: {
      count: 3,
      queued: Array(3).fill({ to: "ada@example.com", kind: "sign_up_link", attempts: 0 }),
      dead: [{ to: "ada@example.com", reason: "over_limit" }],
    },
  });
  expect(JSON.stringify(listed)).not.toMatch(/payload|rendered/);
  await world.deliver();
  expect(await support.run(listLetters)).toMatchObject({ value: { count: 0, queued: [] } });
});

test("for everybody else there is no list", async () => {
  const ada = new Browser(world);
  await ada.signIn("ada@example.com");
  for (const browser of [ada, new Browser(world)])
    expect(await browser.run(listLetters)).toEqual(refused("not_found"));
});

test("each email is on one page of its list, also those of the same moment", async () => {
  const support = await staffBrowser(world, "support");
  await world.deliver();
  const size = bounds.listedEmails;
  await world.writeDirectly((tx) =>
    tx.execute(sql`insert into outbox (kind, to_address, state, reason, payload, created_at, next_attempt_at, done_at)
      select 'sign_up_code', 'user-' || n || '@example.com', state,
        case state when 'dead' then 'undeliverable' end, case state when 'queued' then 'sealed' end, now() - n / 9 * interval '1 second',
        now() + n * interval '1 second', case state when 'dead' then now() - n / 9 * interval '1 second' end
      from generate_series(1, ${2 * size + 1}) n, unnest(array['queued', 'dead']) state`),
  );
  const seen = { queued: [] as string[], dead: [] as string[] };
  const query: { queuedAfter?: string; deadAfter?: string } = {};
  for (const [list, next, cursor] of [
    ["queued", "queuedNext", "queuedAfter"],
    ["dead", "deadNext", "deadAfter"],
  ] as const)
    for (let more = true; more;) {
      const listed = await support.run(listLetters, query);
      if (!listed.ok) throw new Error(listed.refusal.code);
      seen[list].push(...listed.value[list].map(({ id }) => id));
      const after = listed.value[next];
      more = after !== null;
      if (after === null) continue;
      query[cursor] = after;
      // An attempt that fails meanwhile plans a later one, and leaves the email at its place.
      await world.writeDirectly((tx) =>
        tx.execute(
          sql`update outbox set next_attempt_at = now() + interval '1 hour' where id = ${after}`,
        ),
      );
    }
  for (const ids of Object.values(seen)) {
    expect(ids).toHaveLength(2 * size + 1);
    expect(new Set(ids).size).toBe(ids.length);
  }
});

test("a forged cursor is refused", async () => {
  const support = await staffBrowser(world, "support");
  const sent = await rows<{ id: string }>(world.db, sql`select id from outbox`);
  const notDead = sent[0]!.id;
  for (const after of ["1", "", null, 7, [], randomUUID()])
    for (const query of [{ queuedAfter: after }, { deadAfter: after }])
      expect(await support.run(listLetters, query)).toEqual(refused("invalid_input"));
  expect(await support.run(listLetters, { deadAfter: notDead })).toEqual(refused("invalid_input"));
});
