import { callbackUrlWith } from "@/test/support/world";
import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { rows } from "@/db/rows";
import { limits } from "@/lib/core/policy";
import { type AnyFlow, isForStaff } from "@/lib/runtime/flow";
import { Browser } from "@/test/support/browser";
import { keys } from "@/test/support/oauth-fixtures";
import { dump } from "@/test/support/invariants";
import { refused, setUpWorld } from "@/test/support/setup";
import { staffBrowser } from "@/test/support/staff";
import { flows } from ".";

const world = await setUpWorld(keys);

/** What each field may contain; other fields get a word. */
const fitting: Record<string, unknown> = {
  email: "ada@example.com",
  code: "123456",
  token: "x".repeat(43),
  remember: "on",
  next: "/account",
  password: "four unrelated words here",
  confirmPassword: "four unrelated words here",
  purpose: "sign_up",
  name: "Ada",
  timeZone: "Europe/London",
  event: "1",
  id: "00000000-0000-4000-8000-000000000000",
  userId: "00000000-0000-4000-8000-000000000000",
  provider: "google",
  role: "support",
  oauthAttempt: "x".repeat(43),
  pendingIdentity: "x".repeat(43),
  callbackUrl: callbackUrlWith("google", { failure: "provider_failed", cause: "none" }),
};

const fieldsOf = ({ input }: AnyFlow) =>
  Object.keys((input as { shape?: Record<string, unknown> }).shape ?? {});

const fittingInput = (flow: AnyFlow) =>
  Object.fromEntries(fieldsOf(flow).map((name) => [name, fitting[name] ?? "word"]));

/** Forms and programs send these too. */
const oddities: [name: string, value: unknown][] = [
  ["null", null],
  ["a number", 42],
  ["NaN", NaN],
  ["true", true],
  ["an empty list", []],
  ["a list of one", ["ada@example.com"]],
  ["an object", { toString: "ada@example.com" }],
  ["an object with a prototype", { ["__proto__"]: { admin: true } }],
  ["a date", new Date(0)],
  ["an empty text", ""],
  ["ten thousand letters", "a".repeat(10_000)],
  ["ten thousand digits", "1".repeat(10_000)],
  ["a NUL", "\u0000"],
  ["a NUL within", "/account\u0000"],
  ["half a character", "\ud800"],
  ["control characters", "\r\nSet-Cookie: a=b\u001b[31m"],
  ["SQL", "'; drop table users; --"],
  ["a format", "%s%n{0}${1}"],
];

/** Rate limits are not what is tried with many inputs. */
const withoutLimits = world.with({
  env: {
    ...world.env,
    limitMax: Object.fromEntries(Object.keys(limits).map((name) => [name, 1_000_000])),
  },
});

/** Somebody who may run the flow. */
const personFor = async ({ requires }: AnyFlow, at = world) => {
  if (isForStaff(requires)) return staffBrowser(at, "admin");
  const browser = new Browser(at);
  await browser.signIn("mallory@example.com");
  return browser;
};

describe.each(
  flows.filter(({ kind }) => kind === "write").map((flow) => [flow.name, flow] as const),
)("%s", (name, flow) => {
  test("refuses a request from another site, and counts the refusal instead of recording each", async () => {
    const browser = await personFor(flow);
    const before = await dump(world, "audit_counts");
    for (let i = 0; i < 3; i += 1)
      expect(await browser.run(flow, fittingInput(flow), { sameOrigin: false })).toEqual(
        refused("cross_site"),
      );
    expect(browser.cookieChanges).toEqual({});
    expect(await dump(world, "audit_counts")).toBe(before);
    expect(await rows(world.db, sql`select event, outcome, count from audit_counts`)).toEqual([
      { event: name, outcome: "cross_site", count: 3 },
    ]);
  });

  test("leaves one audit row with its name when it ran", async () => {
    const browser = await personFor(flow);
    const before = (await world.audit()).length;
    const result = await browser.run(flow, fittingInput(flow));
    const told = (await world.audit()).slice(before);
    expect(told).toMatchObject([{ event: name, outcome: result.ok ? "ok" : result.refusal.code }]);
  });
});

describe.each(flows.map((flow) => [flow.name, flow] as const))("%s", (_, flow) => {
  test("accepts any value as its input and in every field without a throw", async () => {
    const browser = await personFor(flow, withoutLimits);
    const thrown: string[] = [];
    for (const [name, odd] of oddities) {
      const inputs = [
        odd,
        { ...fittingInput(flow), surplus: odd },
        ...fieldsOf(flow).map((field) => ({ ...fittingInput(flow), [field]: odd })),
      ];
      for (const input of inputs)
        await browser.run(flow, input).then(
          (result) => !result.ok && result.refusal.code === "unavailable" && thrown.push(name),
          () => thrown.push(name),
        );
    }
    expect(thrown).toEqual([]);
  });

  test("refuses a surplus field and a missing input", async () => {
    const browser = await personFor(flow);
    expect(await browser.run(flow, { ...fittingInput(flow), isAdmin: true })).toEqual(
      refused("invalid_input"),
    );
    expect((await browser.run(flow, null)).ok).toBe(false);
  });
});

test("every flow consumes its limits in the order of the list, in which Postgres locks them", () => {
  const order = Object.keys(limits);
  for (const { name, limits } of flows)
    for (const variant of ["limit", "knownDevice"] as const) {
      const places = limits.map((rule) => order.indexOf(rule[variant] ?? rule.limit));
      expect([name, places]).toEqual([name, [...new Set(places)].sort((a, b) => a - b)]);
    }
});
