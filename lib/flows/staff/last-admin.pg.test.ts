import { expect } from "vitest";
import { sql } from "drizzle-orm";
import { rows } from "@/db/rows";
import type { Browser } from "@/test/support/browser";
import { race } from "@/test/support/race";
import { setUpWorld } from "@/test/support/setup";
import { runOnCommandLine, staffBrowser } from "@/test/support/staff";
import { changeRole } from "./change-role";
import { disableUser } from "./disable-user";

const world = await setUpWorld();
const reason = "A race";

race("of admins who remove each other, one stays", async (number) => {
  const names = [0, 1, 2].map((n) => `admin-${number}-${n}@example.com`);
  await world.writeDirectly((tx) => tx.execute(sql`update users set role = 'member'`));
  const browsers: Browser[] = [];
  for (const name of names) browsers.push(await staffBrowser(world, "admin", name));
  const ids = await Promise.all(names.map((name) => world.userIdOf(name)));
  const acts = ids.flatMap((id, n) => [
    browsers[(n + 1) % 3]!.run(disableUser, { id, reason }),
    browsers[(n + 2) % 3]!.run(changeRole, { id, role: "member", reason }),
    runOnCommandLine(world, disableUser, { id, reason }),
  ]);
  await Promise.all(acts);
  const left = await rows(
    world.db,
    sql`select 1 from users where role = 'admin' and disabled_at is null`,
  );
  expect(left).toHaveLength(1);
});
