import { expect, test } from "vitest";
import { refusals } from "@/lib/core/errors";
import { flows } from "@/lib/flows";
import { methods } from "@/lib/methods";
import { Browser } from "@/test/support/browser";
import { claims, keys } from "@/test/support/oauth-fixtures";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { setUpWorld } from "@/test/support/setup";
import { noMetrics } from "@/lib/adapters/no-metrics";
import type { Metrics } from "./ports";

const world = await setUpWorld(keys);
const ada = "ada@example.com";

test("runs are counted by flow, and sign-ins by method, under our own names only", async () => {
  const runs: [flow: string, outcome: string, seconds: number][] = [];
  const signIns: [method: string | null, outcome: string][] = [];
  const metrics: Metrics = {
    ...noMetrics,
    flowEnded: (...run) => void runs.push(run),
    signInEnded: (...signIn) => void signIns.push(signIn),
  };
  const counted = world.with({ metrics });

  const byLink = new Browser(counted);
  await byLink.requestLink(ada);
  const letter = await world.letterTo(ada);
  await byLink.openLink(letter, ada);
  await new Browser(counted).openLink(letter, ada);
  await new Browser(counted).signUpAndVerify("nina@example.com", validPassword);
  const byPassword = new Browser(counted);
  await byPassword.signInWithPassword("nina@example.com", otherPassword);
  await byPassword.signInWithPassword("nina@example.com", validPassword);
  await new Browser(counted).signInWithProvider("google", claims("g-1", "leo@gmail.com"));
  await new Browser(counted).signInWithProvider("google", claims("g-2", ada));

  expect(signIns).toEqual([
    ["magic_link", "ok"],
    ["magic_link", "link_invalid"],
    ["password", "ok"],
    ["password", "invalid_credentials"],
    ["password", "ok"],
    ["google", "ok"],
    ["google", "unfinished"],
  ]);
  expect(runs).toContainEqual(["magic_link.request", "ok", expect.any(Number)]);
  const names = flows.map(({ name }) => name);
  const outcomes = ["ok", "failed", "unfinished", ...Object.keys(refusals)];
  for (const [flow, outcome] of runs) {
    expect(names).toContain(flow);
    expect(outcomes).toContain(outcome);
  }
  const ids = methods().map(({ id }) => id);
  for (const [method] of signIns) expect(ids).toContain(method);
});

test("a bug is counted as failed", async () => {
  const outcomes: string[] = [];
  const passwords = { ...world.passwords, verify: () => Promise.reject(new Error("a bug")) };
  const metrics: Metrics = {
    ...noMetrics,
    signInEnded: (_, outcome) => void outcomes.push(outcome),
  };
  const broken = new Browser(world.with({ passwords, metrics }));
  await expect(broken.signInWithPassword(ada, validPassword)).rejects.toThrow("a bug");
  expect(outcomes).toEqual(["failed"]);
});
