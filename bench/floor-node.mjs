/**
 * The minimum cost of a session check: Node's HTTP server and one prepared statement, which is copied
 * from Latchkey's log (see servers.ts).
 */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import postgres from "postgres";

const { PORT, DATABASE_URL, SESSION_LOOK_UP, SESSION_COOKIE } = process.env;
const sql = postgres(DATABASE_URL);
const token = new RegExp(`${SESSION_COOKIE}=([\\w-]+)`);

createServer((request, response) => {
  void sessionOf(request.headers.cookie ?? "").then((session) =>
    response
      .writeHead(200, { "Content-Type": "application/json" })
      .end(JSON.stringify({ session: session ?? null })),
  );
}).listen(Number(PORT), "127.0.0.1");

async function sessionOf(cookie) {
  const [, value = ""] = token.exec(cookie) ?? [];
  const digest = createHash("sha256").update(`session:${value}`).digest("base64url");
  const [session] = await sql.unsafe(SESSION_LOOK_UP, [digest], { prepare: true });
  return session;
}
