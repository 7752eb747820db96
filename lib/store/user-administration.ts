import { eq, type SQL, sql } from "drizzle-orm";
import type { Db } from "@/db/client";
import { row, rows } from "@/db/rows";
import { authProviders, knownDevices, sessions, users } from "@/db/schema";
import type { Identifier } from "@/lib/core/identifier";
import type { Role } from "@/lib/core/role";
import { staffHelpEnded } from "./staff-help";

/** What staff see and change of the accounts of others (T1). */

/** A user in the list for staff. */
export interface UserEntry {
  readonly id: string;
  readonly email: Identifier;
  readonly role: Role;
  readonly disabled: boolean;
  /** The stored names of the sign-in methods. */
  readonly methods: readonly string[];
  readonly createdAt: Date;
}

/** Which users a list has. */
export interface UserFilter {
  /** The beginning of an address, or a user's id. */
  readonly search: { readonly prefix: string } | { readonly id: string } | null;
  readonly status: "active" | "disabled" | "staff" | null;
  /** The stored name of a sign-in method. */
  readonly method: string | null;
}

/** Addresses are printable ASCII: all that begin with a prefix are less than this. */
const afterAll = (prefix: string) => `${prefix}\u007f`;

/** Each with its comparison that the index of addresses has, whatever the database's locale is. */
const isFound = (search: UserFilter["search"]): SQL => {
  if (!search) return sql`true`;
  if ("id" in search) return sql`u.id = ${search.id}::uuid`;
  return sql`u.email ~>=~ ${search.prefix} and u.email ~<~ ${afterAll(search.prefix)}`;
};

const statuses = {
  active: sql`u.disabled_at is null`,
  disabled: sql`u.disabled_at is not null`,
  staff: sql`u.role <> 'member'`,
} as const;

/**
 * At most `most` users, after the user with the id `after`: in the order of addresses for a search by their
 * beginning, and otherwise the newest first. No `offset`, so that each page costs the same.
 */
export async function selectUsers(
  db: Db,
  { search, status, method }: UserFilter,
  { after, most }: { after: string | null; most: number },
): Promise<UserEntry[]> {
  const byAddress = search !== null && "prefix" in search;
  const of = (column: SQL) => sql`(select ${column} from ${users} where id = ${after}::uuid)`;
  const isLater = byAddress
    ? sql`u.email ~>~ ${of(sql`email`)}`
    : sql`(u.created_at, u.id) < (${of(sql`created_at`)}, ${after}::uuid)`;
  const found = await rows<Omit<UserEntry, "createdAt"> & { createdAt: number }>(
    db,
    sql`select u.id, u.email, u.role, u.disabled_at is not null as disabled,
        array_to_json(array(select provider from ${authProviders} where user_id = u.id order by 1)) as methods,
        extract(epoch from u.created_at)::float as "createdAt"
      from ${users} u
      where ${isFound(search)}
        ${status ? sql`and ${statuses[status]}` : sql``}
        ${
          method
            ? sql`and exists (select from ${authProviders} where user_id = u.id and provider = ${method})`
            : sql``
        }
        ${after ? sql`and ${isLater}` : sql``}
      order by ${byAddress ? sql`u.email using ~<~` : sql`u.created_at desc, u.id desc`} limit ${most}`,
  );
  return found.map((user) => ({ ...user, createdAt: new Date(user.createdAt * 1000) }));
}

/** A user's account as staff see it. */
export interface UserAccount {
  readonly id: string;
  readonly email: Identifier;
  readonly role: Role;
  readonly emailVerifiedAt: Date | null;
  readonly disabledAt: Date | null;
  /** When it will be erased; null unless its owner has asked for it. */
  readonly deletesAt: Date | null;
  readonly createdAt: Date;
}

export async function findUser(db: Db, id: string): Promise<UserAccount | null> {
  const { email, role, emailVerifiedAt, disabledAt, deleteAt: deletesAt, createdAt } = users;
  const [found] = await db
    .select({ id: users.id, email, role, emailVerifiedAt, disabledAt, deletesAt, createdAt })
    .from(users)
    .where(eq(users.id, id));
  return found ? { ...found, email: found.email as Identifier } : null;
}

/** Who changes an account. */
export interface Actor {
  /** Null for the command line. */
  readonly id: string | null;
  /** An admin, or the command line: support changes members only. */
  readonly mayChangeStaff: boolean;
}

/**
 * Locks the admins who can sign in and stay, so that of two changes which would each spare the other's last
 * admin, the second sees the first. In the order of ids, so that they do not deadlock.
 */
const admins = sql`admins as materialized (
  select id from ${users} where role = 'admin' and disabled_at is null and delete_at is null
  order by id for update)`;

const mayChange = (actor: Actor, id: string) => sql`id = ${id}::uuid
  and id is distinct from ${actor.id}::uuid
  and (${actor.mayChangeStaff} or role = 'member')`;

const isNotTheLastAdmin = sql`(role <> 'admin' or disabled_at is not null or delete_at is not null
  or (select count(*) from admins) > 1)`;

/** Disables a user. False where there is nobody whom this actor may disable, or it is the last admin. */
export async function disableUser(tx: Db, actor: Actor, id: string): Promise<boolean> {
  const disabled = await row(
    tx,
    sql`with ${admins}
      update ${users} set disabled_at = now()
      where ${mayChange(actor, id)} and disabled_at is null and ${isNotTheLastAdmin} returning 1`,
  );
  return disabled !== undefined;
}

export async function enableUser(tx: Db, actor: Actor, id: string): Promise<boolean> {
  const enabled = await row(
    tx,
    sql`update ${users} set disabled_at = null
      where ${mayChange(actor, id)} and disabled_at is not null returning 1`,
  );
  return enabled !== undefined;
}

/**
 * Changes a user's role. Only who has verified the address can get one: an account may have been made by
 * somebody else. One that will be erased gets none, as it could do nothing with it. False like `disableUser`.
 */
export async function changeRole(tx: Db, actor: Actor, id: string, role: Role): Promise<boolean> {
  const changed = await row(
    tx,
    sql`with ${admins}
      update ${users} set role = ${role}
      where ${mayChange(actor, id)} and role <> ${role}
        and (${role} = 'member' or (email_verified_at is not null and delete_at is null))
        and ${isNotTheLastAdmin} returning 1`,
  );
  return changed !== undefined;
}

/**
 * Deletes all sessions of a user, and their known devices (R6), and ends what staff have started for them.
 * The caller has changed or locked the user's row in an earlier statement, so that a sign-in at the same
 * moment is over or will see the change.
 */
export async function deleteAllSessions(tx: Db, userId: string): Promise<void> {
  await row(
    tx,
    sql`with ${staffHelpEnded(sql`${userId}::uuid`)},
        deleted_devices as (delete from ${knownDevices} where user_id = ${userId}::uuid)
      delete from ${sessions} where user_id = ${userId}::uuid`,
  );
}

/** Locks a user's row, if this actor may change the account. */
export async function lockUserFor(tx: Db, actor: Actor, id: string): Promise<boolean> {
  const locked = await row(
    tx,
    sql`select 1 from ${users} where ${mayChange(actor, id)} for no key update`,
  );
  return locked !== undefined;
}
