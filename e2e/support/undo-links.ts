import { randomBytes } from "node:crypto";
import { digest } from "@/lib/core/crypto";
import { commandLineId } from "@/lib/store/staff-help";
import type { Db } from "./db";

interface UndoLink {
  readonly token: string;
  readonly path: string;
}

/** Lets a user have changed the address just now. Returns the link that undoes it. */
export async function insertEmailUndo(
  db: Db,
  email: string,
  { oldEmail, mailRequest }: { oldEmail: string; mailRequest?: string | undefined },
): Promise<UndoLink> {
  await db.sql`insert into email_changes (user_id, old_email, new_email, effective_at, applied_at, reserved_until)
    select id, ${oldEmail}, email, now(), now(), now() + interval '72 hours'
    from users where email = ${email}`;
  const token = await insertLink(db, "email_undo", { of: email, to: oldEmail, mailRequest });
  return { token, path: `/l/undo/${token}` };
}

/** Inserts a user who has deleted the account just now. Returns the link that restores it. */
export async function insertDeletedUser(
  db: Db,
  email: string,
  mailRequest?: string,
): Promise<UndoLink> {
  await db.sql`with inserted as (
      insert into users (email, delete_at) values (${email}, now() + interval '14 days') returning id
    )
    insert into auth_providers (user_id, provider) select id, 'magic_link' from inserted`;
  const token = await insertLink(db, "deletion_undo", { of: email, to: email, mailRequest });
  return { token, path: `/l/restore/${token}` };
}

/**
 * Schedules a change of a user's address, as if staff had started it on the command line. Returns the link
 * that stops it.
 */
export async function insertEmailChangeStop(
  db: Db,
  email: string,
  mailRequest?: string,
): Promise<UndoLink> {
  await db.sql`insert into email_changes (user_id, old_email, new_email, staff_id, effective_at, reserved_until)
    select id, email, ${`to-${email}`}, ${commandLineId}, now() + interval '72 hours', now() + interval '72 hours'
    from users where email = ${email}`;
  const token = await insertLink(db, "email_change_stop", { of: email, to: email, mailRequest });
  return { token, path: `/l/stop/${token}` };
}

/** A link about the account `of`, requested by the browser with this cookie. */
async function insertLink(
  { sql }: Db,
  purpose: "email_undo" | "deletion_undo" | "email_change_stop",
  { of, to, mailRequest = "" }: { of: string; to: string; mailRequest?: string | undefined },
): Promise<string> {
  const token = randomBytes(32).toString("base64url");
  await sql`insert into verifications (purpose, identifier, token_digest, code_hash, requesting_browser_digest,
      browser, is_decoy, from_known_device, user_id, remember, next, limit_hits, expires_at, code_expires_at)
    select ${purpose}, ${to}, ${digest(purpose, token)}, '', ${digest("requesting_browser", mailRequest)},
      'firefox/linux', false, false, id, false, '', '[]', now() + interval '72 hours', now()
    from users where email = ${of}`;
  return token;
}
