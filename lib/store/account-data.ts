import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row } from "@/db/rows";
import {
  auditEventDetails,
  auditEvents,
  authProviders,
  emailChanges,
  knownDevices,
  oauthAttempts,
  outbox,
  sessions,
  users,
  verifications,
} from "@/db/schema";
import { bounds } from "@/lib/core/policy";
import { isByStaff } from "./audit-log";
import { canBeUndone } from "./reservations";

type Entry = Readonly<Record<string, unknown>>;

/** Everything that is stored about a user, without secrets and what is derived from them. */
export interface AccountData {
  readonly profile: Entry;
  readonly methods: readonly Entry[];
  readonly sessions: readonly Entry[];
  readonly knownDevices: readonly Entry[];
  /** Links and codes, for the user's address and for what they asked for. */
  readonly verifications: readonly Entry[];
  /** Identities at providers that wait for the user to decide. */
  readonly pendingIdentities: readonly Entry[];
  readonly emails: readonly Entry[];
  readonly emailChanges: readonly Entry[];
  /** The newest `bounds.activityExport` events. */
  readonly activity: readonly Entry[];
}

/**
 * Reads everything about a user in one statement, so that its parts are of one moment. What staff did is
 * there, and not where they were, what they wrote, or what was refused to them. Of an earlier address that is
 * not reserved any more, nothing: somebody else may have it. Of emails to an address that the user has only
 * asked for, nothing, nor when the first attempt to send one was, from which its code's end counts: that
 * tells whether the address has an account (L8).
 */
export async function selectAccountData(db: Db, userId: string): Promise<AccountData | null> {
  const found = await row<{ data: AccountData }>(
    db,
    sql`with me as (
      select * from ${users} where id = ${userId}::uuid
    ), changes as (
      select c.* from ${emailChanges} c, me where c.user_id = me.id
    ), mine as (
      select v.* from ${verifications} v, me where v.identifier = me.email or v.user_id = me.id
    ), addresses as (
      select email from me union select old_email from changes where ${canBeUndone}
    )
    select jsonb_build_object(
      'profile', (select jsonb_build_object('id', id, 'address', email, 'addressVerifiedAt', email_verified_at,
        'name', name, 'timeZone', time_zone, 'role', role, 'hasPassword', password_hash is not null,
        'createdAt', created_at, 'disabledAt', disabled_at, 'deletesAt', delete_at,
        'methodsLockedUntil', methods_locked_until) from me),
      'methods', ${listOf(sql`select jsonb_build_object('provider', provider, 'subject', subject,
        'address', address, 'confirmationRequiredAt', confirmation_required_at, 'createdAt', created_at,
        'lastUsedAt', last_used_at) as entry, created_at as at from ${authProviders} where user_id = ${userId}::uuid`)},
      'sessions', ${listOf(sql`select jsonb_build_object('id', id, 'method', method, 'ip', ip, 'country', country,
        'browser', browser, 'remember', remember, 'createdAt', created_at, 'authenticatedAt', authenticated_at,
        'lastSeenAt', last_seen_at, 'endsAt', ends_at) as entry, created_at as at
        from ${sessions} where user_id = ${userId}::uuid`)},
      'knownDevices', ${listOf(sql`select jsonb_build_object('createdAt', created_at,
        'lastUsedAt', last_used_at) as entry, created_at as at from ${knownDevices} where user_id = ${userId}::uuid`)},
      'verifications', ${listOf(sql`select jsonb_build_object('id', id, 'purpose', purpose, 'address', identifier,
        'browser', case when staff_id is null then browser end, 'attempts', attempts,
        'createdAt', created_at,
        'expiresAt', case when identifier in (select email from addresses) then expires_at end,
        'consumedAt', consumed_at, 'voidedAt', voided_at) as entry, created_at as at from mine`)},
      'pendingIdentities', ${listOf(sql`select jsonb_build_object('provider', provider, 'subject', subject,
        'address', email, 'createdAt', created_at, 'expiresAt', expires_at) as entry, created_at as at
        from ${oauthAttempts} where subject is not null and (email in (select email from addresses)
          or session_id in (select id from ${sessions} where user_id = ${userId}::uuid))`)},
      'emails', ${listOf(sql`select jsonb_build_object('kind', kind, 'to', to_address, 'state', state,
        'reason', reason, 'createdAt', created_at, 'firstAttemptAt', first_attempt_at, 'doneAt', done_at) as entry,
        created_at as at from ${outbox}
        where to_address in (select email from addresses)`)},
      'emailChanges', ${listOf(sql`select jsonb_build_object('oldAddress', old_email, 'newAddress', new_email,
        'createdAt', created_at, 'effectiveAt', effective_at, 'appliedAt', applied_at,
        'reservedUntil', reserved_until, 'undoneAt', undone_at, 'byStaff', staff_id is not null) as entry, created_at as at from changes`)},
      'activity', ${listOf(sql`select jsonb_build_object('id', e.id, 'at', e.at, 'event', e.event,
        'outcome', e.outcome, 'cause', e.cause, 'ip', case when not ${isByStaff} then d.ip end,
        'browser', case when not ${isByStaff} then d.browser end, 'address', d.identifier) as entry, e.at
        from ${auditEvents} e left join ${auditEventDetails} d on d.event_id = e.id
        where e.subject_id = ${userId}::uuid and (e.outcome = 'ok' or not ${isByStaff}) order by e.at desc, e.id desc limit ${bounds.activityExport}`)}
    ) as data from me`,
  );
  return found?.data ?? null;
}

/** The entries of a query as a list, the newest first. */
const listOf = (query: ReturnType<typeof sql>) =>
  sql`coalesce((select jsonb_agg(entry order by at desc) from (${query}) entries), '[]')`;
