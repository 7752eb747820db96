import { createHash } from "node:crypto";
import { cookies } from "next/headers";
import postgres from "postgres";

/** The session of this request by the statement Latchkey was seen to run; no look-up without a cookie. */
export async function readSession() {
  const token = (await cookies()).get(process.env.SESSION_COOKIE)?.value;
  if (!token) return null;
  const digest = createHash("sha256").update(`session:${token}`).digest("base64url");
  const [session] = await sql().unsafe(process.env.SESSION_LOOK_UP, [digest], { prepare: true });
  return session ?? null;
}

// Pages and routes are bundles apart, and share one pool. Opened late: the build has no database.
const sql = () => (globalThis.floorSql ??= postgres(process.env.DATABASE_URL));
