import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { prometheus } from "@/lib/adapters/prometheus";
import { parseEnv } from "@/lib/core/env";
import { refusals } from "@/lib/core/errors";
import { serverRoutes } from "@/lib/core/own-paths";
import { flows } from "@/lib/flows";
import { methods } from "@/lib/methods";
import { SOURCE } from "@/scripts/build.mjs";
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

const read = (file: string) => readFileSync(file, "utf8");

test("the settings of compose.yaml are complete, but for the keys that the first start makes", () => {
  const [, ofApp = ""] = /^ {2}app:\n([^]*?)^ {2}\w/m.exec(read("compose.yaml")) ?? [];
  const settings = [...ofApp.matchAll(/^ {6}([A-Z_]+): (.+)$/gm)].map(([, ...pair]) => pair);
  const ofImage = [...read("Dockerfile").matchAll(/\b([A-Z_]+)=(\S+)/g)].map(([, ...pair]) => pair);
  const vars = { ...Object.fromEntries(ofImage), ...Object.fromEntries(settings) } as Record<
    string,
    string
  >;
  const keys = ["AUTH_SECRET", "TOKEN_KEY", "OUTBOX_KEY", "AUDIT_KEY"].map((name, n) => [
    name,
    String(n).repeat(43),
  ]);
  const env = parseEnv({ ...vars, ...Object.fromEntries(keys) }, methods());
  expect(env).toMatchObject({ loopback: true, mail: { by: "smtp" }, redis: { by: "tcp" } });
  expect(vars).toMatchObject({ HOST: "0.0.0.0", NODE_ENV: "production" });
  // Whoever else reaches the machine must not reach what has no TLS.
  const ports = [...read("compose.yaml").matchAll(/^ +- (.*:\d+)$/gm)].map(([, port]) => port);
  expect(ports.length).toBeGreaterThan(1);
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
});

test("the image gets every file that the build reads, and no settings", () => {
  const allowed = read(".dockerignore").match(/^(?!#).+/gm) ?? [];
  expect(allowed[0]).toBe("*");
  expect(allowed).toEqual(expect.arrayContaining(SOURCE.map((path) => `!${path}`)));
  expect(allowed.filter((path) => /^!\.(env(?!\.example$)|data)/.test(path))).toEqual([]);
});

test.each([
  ["nginx.conf", /location ~ \^\/\((.+)\)\$ \{\n\s+return 404;/],
  ["Caddyfile", /@internal path (.+)/],
])("the proxy of %s gives the public nothing that is for servers", (file, internal) => {
  const [, list = ""] = internal.exec(read(`deploy/${file}`)) ?? [];
  const paths = list.split(/[| ]/).map((path) => path.replace(/^\/?/, "/"));
  // An uptime check reads whether the process runs.
  expect([...paths, "/livez"].sort()).toEqual([...serverRoutes].sort());
});
