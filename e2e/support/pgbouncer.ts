import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./server";
import { startProgram } from "./reverse-proxy";

/** A real PgBouncer in transaction mode before a Postgres, with few connections of its own. */
export async function startPgBouncer(target: string) {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-pgbouncer-"));
  // It refuses to run as root, and reads its file as another user.
  chmodSync(folder, 0o755);
  const { hostname, port, username } = new URL(target);
  const own = await freePort();
  const file = join(folder, "pgbouncer.ini");
  writeFileSync(
    file,
    `[databases]
* = host=${hostname} port=${port} user=${username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
server_reset_query =
`,
  );
  const isRoot = process.getuid?.() === 0;
  const child = startProgram("pgbouncer", [...(isRoot ? ["-u", "nobody"] : []), file]);
  await child.listens(own);
  const url = new URL(target);
  url.host = `127.0.0.1:${own}`;
  return {
    url: url.href,
    async stop() {
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
