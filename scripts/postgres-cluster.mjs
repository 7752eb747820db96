/** A throw-away Postgres for tests: real, empty, on a free loopback port, gone when this process is. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Failure } from "./run.mjs";

/** Where initdb and pg_ctl are; Debian keeps them out of the PATH, one folder per version. */
export function findPostgres() {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => b - a) : [];
  return [
    ...versions.map((version) => join(debian, version, "bin")),
    ...process.env.PATH.split(delimiter),
  ].find((folder) => existsSync(join(folder, "initdb")));
}

/** `url` connects as its superuser; `stop` may be called twice and also runs at the process's end. */
export async function startCluster() {
  const bin = findPostgres();
  if (!bin) throw new Failure("No Postgres found: neither in /usr/lib/postgresql nor in the PATH.");
  const folder = mkdtempSync(join(tmpdir(), "latchkey-pg-"));
  const data = join(folder, "data");
  const owner = ownerOf(folder);
  const run = (program, ...args) => runAs(owner, folder, join(bin, program), args);

  const stop = () => {
    if (!existsSync(folder)) return;
    run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop");
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", stop);

  const port = await freePort();
  const superuser = ["-U", "postgres", "--auth=trust"];
  // No locale: every machine sorts alike.
  const text = ["-E", "UTF8", "--no-locale"];
  const made =
    run("initdb", "-D", data, ...superuser, ...text, "--no-sync") &&
    configure(data, { port, folder }) &&
    run("pg_ctl", "-D", data, "-l", join(folder, "log"), "-w", "start");
  if (!made) throw new Failure("Postgres did not start.");
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, data, stop };
}

/** Postgres refuses to run as root, so root hands the folder to the user Debian made for it. */
function ownerOf(folder) {
  if (process.getuid?.() !== 0) return {};
  const ids = ["-u", "-g"].map((which) => Number(spawnSync("id", [which, "postgres"]).stdout));
  if (!ids.every(Boolean)) throw new Failure("Running as root, and there is no user postgres.");
  const [uid, gid] = ids;
  chownSync(folder, uid, gid);
  return { uid, gid };
}

/** Nothing here outlives the run, so durability is off: it would only be waited for. */
function configure(data, { port, folder }) {
  const lines = [
    `port = ${port}`,
    `listen_addresses = '127.0.0.1'`,
    `unix_socket_directories = '${folder}'`,
    `max_connections = 300`,
    `fsync = off`,
    `full_page_writes = off`,
  ];
  appendFileSync(join(data, "postgresql.conf"), `${lines.join("\n")}\n`);
  return true;
}

/** No pipes: the server that pg_ctl leaves behind would hold them open. */
function runAs(owner, cwd, program, args) {
  const stdio = ["ignore", "ignore", "inherit"];
  return spawnSync(program, args, { ...owner, cwd, stdio }).status === 0;
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}
