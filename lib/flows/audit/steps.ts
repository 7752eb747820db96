import { z } from "zod";
import type { Db } from "@/db/client";
import { readTypedAddress } from "@/lib/core/identifier";
import { bounds, intervals } from "@/lib/core/policy";
import type { Ctx } from "@/lib/runtime/flow";
import type { AuditFilter } from "@/lib/store/audit-log";
import { findUserId } from "@/lib/store/users";

/** A day of the calendar, in UTC. An empty field of a form is none. */
const day = z
  .union([z.literal(""), z.iso.date()])
  .optional()
  .transform((text) => (text ? new Date(`${text}T00:00:00Z`) : null));

const optionalText = (most: number) => z.string().max(most).default("");

/** The filters of a search in the audit log, as a form or a program writes them. */
export const auditFilterFields = {
  /** An event's name; any text that is none finds nothing. */
  event: optionalText(100),
  outcome: z.enum(["", "ok", "refused"]).default(""),
  /** A user's id or whole address. */
  user: optionalText(bounds.emailLength),
  from: day,
  /** The last day. */
  to: day,
};

interface FilterInput {
  readonly event: string;
  readonly outcome: "" | "ok" | "refused";
  readonly user: string;
  readonly from: Date | null;
  readonly to: Date | null;
}

/** The filter of an input; null where it names a user who does not exist. */
export async function readAuditFilter(
  { db, clock }: Pick<Ctx, "db" | "clock">,
  { event, outcome, user, from, to }: FilterInput,
): Promise<AuditFilter | null> {
  const userId = user.trim() ? await userIdOf(db, user.trim()) : null;
  if (user.trim() && !userId) return null;
  const earliest = new Date(clock.now().getTime() - intervals.auditSearch * 1000);
  return {
    event: event.trim() || null,
    outcome: outcome || null,
    userId,
    from: from ?? (userId || to ? null : earliest),
    until: to && new Date(to.getTime() + 86_400_000),
  };
}

async function userIdOf(db: Db, typed: string): Promise<string | null> {
  if (z.uuid().safeParse(typed).success) return typed;
  const read = readTypedAddress(typed);
  return "identifier" in read ? findUserId(db, read.identifier) : null;
}
