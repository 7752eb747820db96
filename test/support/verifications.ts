import { sql } from "drizzle-orm";
import { row } from "@/db/rows";
import type { Result } from "@/lib/core/result";
import type { TestWorld } from "./world";

type Purpose = "sign_up" | "invitation" | "magic_link";

/** Copies the newest verification of a purpose for other addresses, until there are `total` live ones. */
export const copyVerifications = (world: TestWorld, purpose: Purpose, total: number) =>
  world.writeDirectly((tx) =>
    tx.execute(sql`insert into verifications (purpose, identifier, token_digest, code_hash,
        requesting_browser_digest, browser, is_decoy, from_known_device, password_hash, remember, next,
        limit_hits, created_at, expires_at, code_expires_at)
      select purpose, 'copy-' || n || '@example.com', token_digest || n, code_hash, requesting_browser_digest,
        browser, false, false, password_hash, false, '', '[]', created_at,
        expires_at - n / 9 * interval '1 second', code_expires_at
      from (select * from verifications where purpose = ${purpose} order by created_at desc limit 1) one,
        generate_series(1, ${total} - (select count(*)::int from verifications where purpose = ${purpose})) n`),
  );

const voidVerification = (world: TestWorld, id: string) =>
  world.writeDirectly((tx) =>
    tx.execute(sql`update verifications set voided_at = now() where id = ${id}`),
  );

export async function newestVerification(world: TestWorld, purpose: Purpose): Promise<string> {
  const found = await row<{ id: string }>(
    world.db,
    sql`select id from verifications where purpose = ${purpose} order by created_at desc limit 1`,
  );
  return found!.id;
}

/**
 * The ids on each page of a list of verifications, which `read` reads after a row. The last row of a page is
 * void before the next page is read, which begins after it all the same.
 */
export async function idsOnPages(
  world: TestWorld,
  read: (after: string | null) => Promise<Result<{ ids: string[]; next: string | null }>>,
): Promise<string[][]> {
  const pages: string[][] = [];
  let after: string | null = null;
  do {
    const page = await read(after);
    if (!page.ok) throw new Error(page.refusal.code);
    pages.push(page.value.ids);
    after = page.value.next;
    if (after) await voidVerification(world, after);
  } while (after);
  return pages;
}
