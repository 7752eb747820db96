import { expect, test } from "vitest";
import { auditEvents } from "@/db/schema";
import { activityKinds } from "@/lib/core/activity";
import { bounds } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { en } from "@/messages/en";
import { flows } from "..";
import { exportActivity } from "./export-activity";
import { listActivity } from "./list-activity";

const world = await setUpWorld();
const ada = "ada@example.com";

/** What a page of activity shows, as "event outcome". */
async function seen(browser: Browser, input: Record<string, unknown> = {}) {
  const result = await browser.run(listActivity, input);
  if (!result.ok) throw new Error(result.refusal.code);
  const { events, next } = result.value;
  return { names: events.map(({ event, outcome }) => `${event} ${outcome}`), next, events };
}

test("a user sees what happened in her account, newest first, and nothing of others", async () => {
  const laptop = new Browser(world, { name: "firefox/linux", ip: "203.0.113.9" });
  await laptop.signUpAndVerify(ada, validPassword);
  await new Browser(world).signUpAndVerify("leo@example.com", validPassword);
  await new Browser(world, { ip: "198.51.100.7" }).signInWithPassword(ada, otherPassword);
  const { names, events, next } = await seen(laptop);
  expect(names).toEqual(["password.sign_in invalid_credentials", "sign_up.verify ok"]);
  expect(events).toMatchObject([
    { ip: "198.51.100.7" },
    { ip: "203.0.113.9", browser: "firefox/linux" },
  ]);
  expect(next).toBeNull();
  expect(JSON.stringify(events)).not.toMatch(/digest|token|identifier/i);
});

test("filters show sign-ins, changes, or what was refused", async () => {
  const browser = new Browser(world);
  await browser.signUpAndVerify(ada, validPassword);
  await new Browser(world).signInWithPassword(ada, otherPassword);
  expect((await seen(browser, { show: "sign_ins" })).names).toHaveLength(2);
  expect((await seen(browser, { show: "changes" })).names).toEqual([]);
  expect((await seen(browser, { show: "refused" })).names).toEqual([
    "password.sign_in invalid_credentials",
  ]);
});

test("older events are on further pages, each once, also those of the same moment", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  const userId = await world.userIdOf(ada);
  await world.writeDirectly((tx) =>
    tx.insert(auditEvents).values(
      Array.from({ length: bounds.activityPage + 10 }, (_, n) => ({
        at: new Date(Date.UTC(2020, 1, 1 + Math.floor(n / 7))),
        event: "password.sign_in",
        outcome: "ok",
        subjectId: userId,
        requestId: String(n),
      })),
    ),
  );
  const ids: number[] = [];
  let before: string | undefined;
  do {
    const { events, next } = await seen(browser, before ? { before } : {});
    ids.push(...events.map(({ id }) => id));
    before = next === null ? undefined : String(next);
  } while (before);
  expect(new Set(ids).size).toBe(ids.length);
  const all = await browser.run(exportActivity);
  expect(all.ok && all.value.map(({ id }) => id)).toEqual(ids);
});

test("the id of another user's event shows nothing, and a malformed one is refused", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  const leo = new Browser(world);
  await leo.signIn("leo@example.com");
  const { events } = await seen(leo);
  expect((await seen(browser, { before: String(events[0]!.id) })).names).toEqual([]);
  for (const before of ["0", "-1", "1.5", "x", "1e3", "9".repeat(30), 7, null])
    expect(await browser.run(listActivity, { before })).toEqual(refused("invalid_input"));
  expect(await browser.run(listActivity, { show: "all" })).toEqual(refused("invalid_input"));
});

test("a signed-out browser sees nothing", async () => {
  expect(await new Browser(world).run(listActivity)).toEqual(refused("sign_in_required"));
  expect(await new Browser(world).run(exportActivity)).toEqual(refused("sign_in_required"));
});

test("every event has a name, and the filters know every sign-in and every change", () => {
  const audited = flows.filter(({ audited, requires }) => audited && requires !== "local");
  for (const { name } of audited) expect(en).toHaveProperty([`activity.event.${name}`]);
  const signIns = audited.filter(({ signsInBy }) => signsInBy).map(({ name }) => name);
  const filtered: readonly string[] = Object.values(activityKinds).flat();
  expect(filtered).toEqual(expect.arrayContaining(signIns));
  // What neither signs in or out nor changes the account. The worker applies a change that staff have started.
  const steps = /\.(request|resend|cancel|start|start_linking|send|send_test|export)$|^step_up\./;
  expect(filtered.toSorted()).toEqual(
    [...audited.map(({ name }) => name), "staff_email_change.apply"]
      .filter((name) => !steps.test(name))
      .toSorted(),
  );
});
