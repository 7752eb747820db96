import { appendFileSync } from "node:fs";
import { sql } from "drizzle-orm";
import { expect, inject } from "vitest";
import { z } from "zod";
import { rows } from "@/db/rows";
import type { RefusalCode } from "@/lib/core/errors";
import { flows } from "@/lib/flows";
import { oauthMethods } from "@/lib/methods";
import type { Audited } from "@/lib/runtime/audited";
import { fieldRefusals } from "@/lib/runtime/fields";
import { type AnyFlow, isForStaff } from "@/lib/runtime/flow";
import type { TestWorld } from "./world";

declare module "vitest" {
  interface ProvidedContext {
    /** The file that lists the outcomes which tests have reached. */
    outcomes: string;
  }
}

/** The events that no flow writes, and what they say. */
export const otherEvents: Readonly<Record<string, string>> = {
  "account.erase": "the worker has erased an account",
  "backup.restored": "the command has ended what a restored backup brought back",
  "setup.issue": "the server has printed the link for the first admin",
  "staff_email_change.apply":
    "the worker has changed the address of a user who had lost it, or found that it can’t any more: " +
    "`email_in_use`, or `link_invalid` with the cause `not_from_staff` or `not_eligible`",
};

/** What a flow's own rules refuse before it runs, beside what is refused everywhere. */
export function refusedByOwnRules(flow: AnyFlow): RefusalCode[] {
  const ofLimits = flow.limits
    .filter(({ effect }) => effect === "reject")
    .map(({ refusal }) => refusal ?? "too_many_requests");
  return [...new Set([...refusedByFields(flow.input as z.ZodType), ...ofLimits])];
}

function refusedByFields(schema: z.core.$ZodType): RefusalCode[] {
  const own = fieldRefusals.get(schema)?.codes ?? [];
  return [...own, ...partsOf(schema).flatMap(refusedByFields)];
}

function partsOf(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (schema instanceof z.ZodObject) return Object.values(schema.shape);
  return schema instanceof z.ZodOptional ? [schema.unwrap()] : [];
}

/** Everything that the runner may count for a flow instead of an event. */
function counted(flow: AnyFlow): RefusalCode[] {
  const { requires, maxAuthAge, isOwnersOnly, duringDeletion, method } = flow;
  return [
    ...refusedByOwnRules(flow),
    ...(["cross_site", "signed_in_as_other", "sign_in_required", "invalid_input"] as const),
    ...(requires === "anyone" ? (["cookies_blocked"] as const) : []),
    ...(isForStaff(requires) || requires === "local" || method ? (["not_found"] as const) : []),
    ...(requires === "session" && !duringDeletion ? (["account_deleted"] as const) : []),
    ...(maxAuthAge || isOwnersOnly ? (["access_link_session"] as const) : []),
    ...(maxAuthAge ? (["step_up_required"] as const) : []),
    ...("overloaded" in (flow.audited?.refusals ?? {}) ? (["overloaded"] as const) : []),
  ];
}

interface Found {
  readonly event: string;
  readonly outcome: string;
  readonly cause: string | null;
  readonly subject: "none" | "caller" | "other";
  readonly isByCommand: boolean;
}

/** A cause without the provider that it begins with. */
function withoutProvider(cause: string): string | null {
  const provider = oauthMethods().find(({ id }) => cause === id || cause.startsWith(`${id}:`));
  return provider ? cause.slice(provider.id.length + 1) || null : cause;
}

function isDeclared({ subject, namesProvider, ok, refusals }: Audited, found: Found): boolean {
  const isOk = found.outcome === "ok";
  const causes = isOk ? (ok ?? []) : refusals[found.outcome as RefusalCode];
  if (causes === undefined) return false;
  const cause = found.cause && namesProvider ? withoutProvider(found.cause) : found.cause;
  const mayHaveNone = isOk || causes.length === 0 || causes === "any";
  const hasDeclaredCause =
    cause === null ? mayHaveNone : causes === "any" || causes.includes(cause);
  const subjects: Record<Audited["subject"], boolean> = {
    caller: found.subject === "caller" || (found.isByCommand && found.subject === "none"),
    user: found.subject !== "none" || !isOk,
    owner: true,
    nobody: found.subject === "none",
  };
  return hasDeclaredCause && subjects[subject];
}

/** Every event and every count is one that its flow declares. Events of tests are named `test.…`. */
export async function expectAuditedAsDeclared(world: TestWorld): Promise<void> {
  const events = await rows<Found>(
    world.checks,
    sql`select distinct event, outcome, cause, caller_id is null as "isByCommand",
        case when subject_id is null then 'none' when subject_id = caller_id then 'caller' else 'other' end as subject
      from audit_events where event not like 'test.%'`,
  );
  const counts = await rows<Pick<Found, "event" | "outcome">>(
    world.checks,
    sql`select distinct event, outcome from audit_counts where event not like 'test.%'`,
  );
  const flowOf = (event: string) => flows.find(({ name }) => name === event);
  const isAudited = (found: Found) => {
    const audited = flowOf(found.event)?.audited;
    return audited ? isDeclared(audited, found) : found.event in otherEvents;
  };
  const isCounted = ({ event, outcome }: Pick<Found, "event" | "outcome">) => {
    const flow = flowOf(event);
    return flow !== undefined && counted(flow).some((code) => code === outcome);
  };
  expect(events.filter((found) => !isAudited(found))).toEqual([]);
  expect(counts.filter((found) => !isCounted(found))).toEqual([]);
  const overloads = counts.filter(({ outcome }) => outcome === "overloaded");
  const reached = [...events, ...overloads].map(({ event, outcome }) => `${event} ${outcome}\n`);
  appendFileSync(inject("outcomes"), reached.join(""));
}
