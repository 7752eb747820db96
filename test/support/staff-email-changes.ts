import { sql } from "drizzle-orm";
import { expect } from "vitest";
import { row } from "@/db/rows";
import { applyDueEmailChanges } from "@/lib/adapters/due-email-changes";
import { lifetimes } from "@/lib/core/policy";
import { confirmStaffEmailChange } from "@/lib/flows/staff-email-change/confirm-staff-email-change";
import { startStaffEmailChange } from "@/lib/flows/staff-email-change/start-staff-email-change";
import { Browser } from "./browser";
import { validPassword } from "./passwords";
import { staffBrowser } from "./staff";
import type { TestWorld } from "./world";

export const ada = "ada@example.com";
export const newEmail = "ada@new.example";
export const reason = "Lost her mailbox, knows her last invoice";

/** Ada has lost her mailbox, and asks support for another address. */
export async function askForHelp(world: TestWorld) {
  const home = new Browser(world);
  await home.signUpAndVerify(ada, validPassword);
  const id = await idOf(world, ada);
  const support = await staffBrowser(world, "support");
  return { home, id, support, supportId: await idOf(world, "support@example.com") };
}

/** Support starts the change. Returns the letter to the new address. */
export async function started(world: TestWorld) {
  const at = await askForHelp(world);
  expect(await at.support.run(startStaffEmailChange, { ...{ id: at.id, reason }, email: newEmail }))
    // The result has the current address, as staff know it.
    .toEqual({ ok: true, value: { id: at.id, email: ada } });
  const { token, code, message } = await world.letterTo(newEmail);
  const confirm = (email: unknown = ada, entered: string = code, browser = new Browser(world)) =>
    browser.run(confirmStaffEmailChange, { token, email, code: entered });
  return { ...at, token, code, message, confirm };
}

/** Ada confirms the new address. Returns the letter to the old one. */
export async function scheduled(world: TestWorld) {
  const at = await started(world);
  expect(await at.confirm()).toEqual({ ok: true, value: {} });
  return { ...at, stop: await world.letterTo(ada) };
}

/** Lets the time of a scheduled change come, and the worker run. Returns how many it applied. */
export async function letItTakeEffect(world: TestWorld): Promise<number> {
  await world.advance(lifetimes.emailChangeNotice + 1);
  return applyDueEmailChanges(world);
}

/** Within a frozen time, too. */
const idOf = async (world: TestWorld, email: string) =>
  (await row<{ id: string }>(world.db, sql`select id from users where email = ${email}`))!.id;

export const emailOf = async (world: TestWorld, userId: string) =>
  (await row<{ email: string }>(world.db, sql`select email from users where id = ${userId}::uuid`))!
    .email;

/** Who is on the newest audit row of an event: its subject, its caller, and the member of staff behind it. */
export const peopleOn = async (world: TestWorld, event: string) =>
  row<{ outcome: string; subject: string; caller: string | null; staff: string | null }>(
    world.db,
    sql`select outcome, subject_id as subject, caller_id as caller, staff_id as staff
      from audit_events where event = ${event} order by id desc limit 1`,
  );
