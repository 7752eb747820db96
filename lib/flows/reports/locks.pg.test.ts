import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { row } from "@/db/rows";
import { requestEmailChange } from "@/lib/flows/email-change/request-email-change";
import { revokeOtherSessions } from "@/lib/flows/sessions/revoke-other-sessions";
import { reportSession } from "@/lib/flows/sessions/report-session";
import { Browser } from "@/test/support/browser";
import { validPassword } from "@/test/support/passwords";
import { setUpWorld } from "@/test/support/setup";
import { redeemSignInReport } from "./redeem-sign-in-report";

const world = await setUpWorld();
const ada = "ada@example.com";

/** Returns when so many statements wait for a lock. */
async function untilWaiting(most: number) {
  for (;;) {
    const waiting = await row<{ n: number }>(
      world.db,
      sql`select count(*)::int as n from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (waiting!.n >= most) return;
  }
}

test.each([
  [
    "the link of its email",
    (_: Browser, token: string) =>
      new Browser(world).run(redeemSignInReport, { token, email: ada }),
  ],
  [
    "the activity",
    async (home: Browser) => {
      const { id } = (await row<{ id: number }>(
        world.db,
        sql`select id::float8 as id from audit_events where event = 'password.sign_in'`,
      ))!;
      return home.run(reportSession, { event: String(id) });
    },
  ],
])("a report by %s and signing out everywhere else do not deadlock", async (_, report) => {
  const home = new Browser(world);
  await home.signUpAndVerify(ada, validPassword);
  await new Browser(world).signInWithPassword(ada, validPassword);
  const { token } = await world.letterTo(ada);
  await home.run(requestEmailChange, { email: "ada@second.example" });
  let runs: Promise<unknown>[] = [];
  // The report is the first to get the user's row, whatever the other has locked until then.
  await world.db.transaction(async (tx) => {
    await tx.execute(sql`select 1 from users for update`);
    runs = [report(home, token)];
    await untilWaiting(1);
    runs.push(home.run(revokeOtherSessions));
    await untilWaiting(2);
  });
  for (const run of await Promise.all(runs)) expect(run).toMatchObject({ ok: true });
});
