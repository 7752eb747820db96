import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { prometheus } from "@/lib/adapters/prometheus";
import { refusals } from "@/lib/core/errors";
import { flows } from "@/lib/flows";
import { passingChecks } from "./support/health";

const alerts = "deploy/prometheus/alerts.yml";

test.each([alerts, "deploy/grafana/latchkey.json"])(
  "every metric and label value that it names exists: %s",
  async (file) => {
    const { page } = prometheus({ version: "1.2.3", node: process.version });
    const text = await page({
      health: () => Promise.resolve(passingChecks),
      pool: () => ({ size: 10, busy: 0, waiting: 0 }),
      queuedMail: () => Promise.resolve({ count: 0, oldestSeconds: 0 }),
    }).text();
    const existing = new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
    const source = readFileSync(file, "utf8").replaceAll('\\"', '"');
    const named = [...source.matchAll(/\b(latchkey|nodejs)_\w+/g)].map(([name]) => name);
    expect(named.length).toBeGreaterThan(5);
    for (const name of named) expect(existing).toContain(name.replace(/_bucket$/, ""));

    const values = (label: string) =>
      [...source.matchAll(new RegExp(`\\b${label}[!=]?[=~]{1,2}"([^"]+)"`, "g"))].flatMap(
        ([, list]) => list!.split("|"),
      );
    for (const flow of values("flow")) expect(flows.map(({ name }) => name)).toContain(flow);
    const outcomes = ["ok", "failed", "unfinished", ...Object.keys(refusals)];
    for (const outcome of values("outcome")) expect(outcomes).toContain(outcome);
    expect(values("outcome").length).toBeGreaterThan(0);
  },
);

test("the alerts fire for their causes, and for nothing else", { tags: ["long"] }, () => {
  for (const args of [
    ["check", "rules", alerts],
    ["test", "rules", "deploy/prometheus/alerts.test.yml"],
  ]) {
    const { status, stdout, stderr } = spawnSync("promtool", args, { encoding: "utf8" });
    expect(status, stdout + stderr).toBe(0);
  }
});
