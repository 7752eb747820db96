/** A throw-away Postgres for tests: real, empty, on a free loopback port, gone when this process is. */
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

/** Where initdb and postgres are; Debian keeps them out of the PATH, one folder per version. */
export function findPostgres() {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => b - a) : [];
  return [
    ...versions.map((version) => join(debian, version, "bin")),
    ...process.env.PATH.split(delimiter),
  ].find((folder) => existsSync(join(folder, "initdb")));
}

/**
 * `url` connects as its superuser. `stop` may be called twice; what it has not stopped goes at this
 * process's end. The server is a child of this process and not a daemon, so that its processor time
 * is counted with ours.
 */
export async function startCluster() {
  const bin = findPostgres();
  if (!bin) throw new Failure("No Postgres found: neither in /usr/lib/postgresql nor in the PATH.");
  const folder = mkdtempSync(join(tmpdir(), "latchkey-pg-"));
  const data = join(folder, "data");
  const owner = ownerOf(folder);

  const superuser = ["-U", "postgres", "--auth=trust"];
  // No locale: every machine sorts alike.
  const text = ["-E", "UTF8", "--no-locale"];
  const initdb = ["-D", data, ...superuser, ...text, "--no-sync"];
  // Inside the folder: its owner may not be allowed to enter the directory we were started in.
  const made = spawnSync(join(bin, "initdb"), initdb, {
    ...owner,
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (made.status !== 0) throw new Failure("initdb failed.");
  const port = await freePort();
  configure(data, port);

  const log = join(folder, "log");
  const to = openSync(log, "a");
  const server = spawn(join(bin, "postgres"), ["-D", data], {
    ...owner,
    cwd: folder,
    // Ctrl-C reaches every process of a terminal; this one is stopped when its users have ended.
    detached: true,
    stdio: ["ignore", to, to],
  });
  const closed = once(server, "close");
  const end = () => {
    server.kill("SIGQUIT"); // Postgres ends at once, and its processes with it.
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
    const said = readFileSync(log, "utf8");
    await stop();
    throw new Failure(`Postgres did not start:\n${said}`);
  }
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, data, pid: server.pid, stop };
}

/** Whether the server took up its work; false when it ended before. It says so where pg_ctl reads it. */
async function isReady(server, data) {
  const file = join(data, "postmaster.pid");
  while (server.exitCode === null && server.signalCode === null) {
    const status = existsSync(file) ? readFileSync(file, "utf8").split("\n")[7] : "";
    if (status?.trim() === "ready") return true;
    await sleep(20);
  }
  return false;
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
function configure(data, port) {
  const textLines = [
    `port = ${port}`,
    `listen_addresses = '127.0.0.1'`,
    // Their path would be too long for some systems.
    `unix_socket_directories = ''`,
    `max_connections = 300`,
    `fsync = off`,
    `full_page_writes = off`,
  ];
  appendFileSync(join(data, "postgresql.conf"), `${textLines.join("\n")}\n`);
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}
