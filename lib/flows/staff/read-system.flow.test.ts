import { expect, test } from "vitest";
import { version } from "@/lib/core/version";
import { Browser } from "@/test/support/browser";
import { passingChecks } from "@/test/support/health";
import { refused, setUpWorld } from "@/test/support/setup";
import { staffBrowser } from "@/test/support/staff";
import { readSystem } from "./read-system";

const world = await setUpWorld();

test("staff see the version, the checks of readiness and the pending migrations; others do not", async () => {
  const support = await staffBrowser(world, "support");
  const health = { ...passingChecks, mail: "warn" } as const;
  const here = world.with({
    health: () => Promise.resolve(health),
    pendingMigrations: () => Promise.resolve(["0099_next"]),
  });
  expect(await support.run(readSystem, {}, { world: here })).toEqual({
    ok: true,
    value: { version, health, pendingMigrations: ["0099_next"] },
  });
  const ada = new Browser(world);
  await ada.signIn("ada@example.com");
  for (const browser of [ada, new Browser(world)])
    expect(await browser.run(readSystem)).toEqual(refused("not_found"));
});
