import { sql } from "drizzle-orm";
import type { Db } from "@/db/client";

/** A transaction's change to one row. `event`, `outcome` and `cause` are those of an audit row. */
export interface Change {
  readonly xid: string;
  readonly table: string;
  /** Its id; null where a row has another key. */
  readonly row: string | null;
  readonly op: "INSERT" | "UPDATE" | "DELETE";
  /** The columns whose value changed. */
  readonly changed: string[];
  /** Of an email. */
  readonly kind: string | null;
  readonly event: string | null;
  readonly outcome: string | null;
  readonly cause: string | null;
}

// Limits and repeated refusals are counted, and have no audit row by design (I6). Nor has a seal.
const unwatched = ["limits", "audit_counts", "audit_seals", "audit_checkpoints"];

/**
 * Records every change of every row with its transaction, by triggers unknown to the product. The
 * rows alone do not tell the invariants what happened together.
 */
export async function startChangeLog(db: Db): Promise<void> {
  await db.execute(sql`create schema watch`);
  await db.execute(sql`create table watch.changes (
    id bigint generated always as identity, xid xid8 not null default pg_current_xact_id(),
    "table" text not null, "row" text, op text not null, changed text[] not null, kind text, event text, outcome text, cause text)`);
  await db.execute(sql`create function watch.note() returns trigger language plpgsql as $$
    begin
      if current_setting('watch.off', true) = 'on' then return null; end if;
      insert into watch.changes ("table", "row", op, changed, kind, event, outcome, cause)
      values (tg_table_name, to_jsonb(new) ->> 'id', tg_op,
        array(select key from jsonb_each(to_jsonb(new)) where value is distinct from to_jsonb(old) -> key),
        to_jsonb(new) ->> 'kind', to_jsonb(new) ->> 'event', to_jsonb(new) ->> 'outcome', to_jsonb(new) ->> 'cause');
      return null;
    end $$`);
  await db.execute(
    sql.raw(`do $$ declare t text; begin
      for t in select tablename from pg_tables where schemaname = 'public'
        and tablename not in (${unwatched.map((name) => `'${name}'`).join(", ")})
      loop
        execute format('create trigger watch after insert or update or delete on %I
                        for each row execute function watch.note()', t);
      end loop;
    end $$`),
  );
}
