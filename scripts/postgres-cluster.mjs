/** A temporary, empty Postgres for tests, on a free loopback port. It ends with this process. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "./run.mjs";

/** The folder of initdb and postgres. Debian has one per version, outside the PATH. */
export function findPostgres() {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => b - a) : [];
  return [
    ...versions.map((version) => join(debian, version, "bin")),
    ...process.env.PATH.split(delimiter),
  ].find((folder) => existsSync(join(folder, "initdb")));
}

/**
 * `url` connects as the superuser. `stop` may be called twice; the server also ends with this
 * process. It is a child process and not a daemon, because its processor time counts as ours.
 * `settings` are lines of postgresql.conf.
 */
export async function startCluster(settings = []) {
  const bin = findPostgres();
  if (!bin) throw new Failure("No Postgres found: neither in /usr/lib/postgresql nor in the PATH.");
  const folder = mkdtempSync(join(tmpdir(), "latchkey-pg-"));
  const data = join(folder, "data");
  const owner = ownerOf(folder);

  const superuser = ["-U", "postgres", "--auth=trust"];
  // Without a locale, every machine sorts in the same order.
  const text = ["-E", "UTF8", "--no-locale"];
  const initdb = ["-D", data, ...superuser, ...text, "--no-sync"];
  // Runs in the folder, because its owner may have no access to the current directory.
  const initialized = spawnSync(join(bin, "initdb"), initdb, {
    ...owner,
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (initialized.status !== 0) throw new Failure("initdb failed.");
  const port = await freePort();
  configure(data, port, settings);

  const log = join(folder, "log");
  const to = openSync(log, "a");
  const server = spawn(join(bin, "postgres"), ["-D", data], {
    ...owner,
    cwd: folder,
    // Detached from the terminal: on Ctrl-C the server must end after the tests that use it.
    detached: true,
    stdio: ["ignore", to, to],
  });
  const closed = once(server, "close");
  const end = () => {
    server.kill("SIGQUIT"); // Immediate shutdown of Postgres and its child processes.
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", end);
  const stop = async () => {
    process.off("exit", end);
    server.kill("SIGQUIT");
    await closed;
    rmSync(folder, { recursive: true, force: true });
  };

  if (!(await isReady(server, data))) {
    const output = readFileSync(log, "utf8");
    await stop();
    throw new Failure(`Postgres did not start:\n${output}`);
  }
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, data, pid: server.pid, stop };
}

/** Waits until the server is ready, by the file that pg_ctl reads; false when it ended before. */
async function isReady(server, data) {
  const file = join(data, "postmaster.pid");
  while (server.exitCode === null && server.signalCode === null) {
    const status = existsSync(file) ? readFileSync(file, "utf8").split("\n")[7] : "";
    if (status?.trim() === "ready") return true;
    await sleep(20);
  }
  return false;
}

/** Postgres refuses to run as root, so root gives the folder to the user `postgres`. */
function ownerOf(folder) {
  if (process.getuid?.() !== 0) return {};
  const ids = ["-u", "-g"].map((which) => Number(spawnSync("id", [which, "postgres"]).stdout));
  if (!ids.every(Boolean)) throw new Failure("Running as root, and there is no user postgres.");
  const [uid, gid] = ids;
  chownSync(folder, uid, gid);
  return { uid, gid };
}

/** Turns durability off, because the data is deleted after the run. */
function configure(data, port, more) {
  const settings = [
    `port = ${port}`,
    `listen_addresses = '127.0.0.1'`,
    // The socket's path would be too long on some systems.
    `unix_socket_directories = ''`,
    `max_connections = 300`,
    `fsync = off`,
    `full_page_writes = off`,
    ...more,
  ];
  appendFileSync(join(data, "postgresql.conf"), `${settings.join("\n")}\n`);
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}
