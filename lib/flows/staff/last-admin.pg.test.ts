import { expect, test } from "vitest";
import { sql } from "drizzle-orm";
import { rows } from "@/db/rows";
import type { Browser } from "@/test/support/browser";
import { race } from "@/test/support/race";
import { refused, setUpWorld } from "@/test/support/setup";
import { runOnCommandLine, staffBrowser } from "@/test/support/staff";
import { changeRole } from "./change-role";
import { deleteAccount } from "@/lib/flows/deletion/delete-account";
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

test("an admin whose account will be erased is none: the other one stays", async () => {
  const email = "leaving@example.com";
  const leaving = await staffBrowser(world, "admin", email);
  await staffBrowser(world, "admin", "staying@example.com");
  const id = await world.userIdOf("staying@example.com");
  expect(await leaving.run(deleteAccount, { email })).toMatchObject({ ok: true });
  const lastAdmin = refused("last_admin");
  expect(await runOnCommandLine(world, disableUser, { id, reason })).toEqual(lastAdmin);
  expect(await runOnCommandLine(world, changeRole, { id, role: "member", reason })).toEqual(
    lastAdmin,
  );
  // Who leaves may be disabled.
  expect(
    await runOnCommandLine(world, disableUser, { id: await world.userIdOf(email), reason }),
  ).toMatchObject({ ok: true });
});

race("of two admins, one of whom leaves while the other is disabled, one stays", async (number) => {
  await world.writeDirectly((tx) => tx.execute(sql`update users set role = 'member'`));
  const [email, other] = [`leaves-${number}@example.com`, `other-${number}@example.com`];
  const leaving = await staffBrowser(world, "admin", email);
  await staffBrowser(world, "admin", other);
  const id = await world.userIdOf(other);
  await Promise.all([
    leaving.run(deleteAccount, { email }),
    runOnCommandLine(world, disableUser, { id, reason }),
  ]);
  const left = await rows(
    world.db,
    sql`select 1 from users where role = 'admin' and disabled_at is null and delete_at is null`,
  );
  expect(left).toHaveLength(1);
});
