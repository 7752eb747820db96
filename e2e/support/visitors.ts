import { setTimeout as sleep } from "node:timers/promises";
import { intervals } from "@/lib/core/policy";
import { expect } from "@playwright/test";
import type { Client } from "./client";
import type { Db } from "./db";
import type { FaultRig } from "./fault-rig";
import { type Method, password, type Visitor } from "./sign-in-methods";
import type { SmtpInbox } from "./smtp-inbox";

/** Somebody new who begins with a method; with an account, if the method needs one. */
export async function visitorFor(
  { hasAccount, name }: Method,
  rig: FaultRig,
  inbox: SmtpInbox,
): Promise<Visitor> {
  const email = newAddress(name);
  if (hasAccount) await signUp(rig.newClient(), email, inbox);
  return { email, client: rig.newClient(), inbox, google: rig.google };
}

let visitors = 0;

export const newAddress = (name: string) => `${name}-${++visitors}@example.com`.toLowerCase();

/** Creates an account and signs out again. */
async function signUp(client: Client, email: string, inbox: SmtpInbox): Promise<void> {
  await client.json("/api/v1/sign-ups", { email, password });
  const { code } = await inbox.nextTo(email);
  await client.json("/api/v1/sign-ups/verifications", { email, code });
  const { status } = await client.send("/api/v1/session", { method: "DELETE" });
  expect(status, "signed out after the sign-up").toBe(204);
}

/**
 * Waits for letters, and meanwhile cuts their pauses short: that of a letter which is leased for a minute to
 * a process that has lost its connection, and that between two attempts. What is being sent keeps its lease.
 */
export async function withoutPauses<T>(db: Db, act: Promise<T>): Promise<T> {
  let isOver = false;
  const ended = act.finally(() => (isOver = true));
  while (!isOver) {
    await db.sql`
      update outbox set next_attempt_at = now()
      where state = 'queued' and attempts > 0 and next_attempt_at > now() and next_attempt_at not between
        now() + make_interval(secs => ${intervals.emailLease - sending})
        and now() + make_interval(secs => ${intervals.emailLease})`;
    await Promise.race([ended, sleep(250)]);
  }
  return ended;
}

/** Longer than a letter takes to be sent on a busy machine, in seconds. */
const sending = 5;
