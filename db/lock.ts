import { mkdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import path from "node:path";
import { intervals } from "@/lib/core/policy";

/** Another process uses the embedded database. Two at once would silently lose data. */
export class DirectoryLockedError extends Error {
  constructor(directory: string) {
    super(
      `Another process uses the embedded database in ${directory}. Stop it first, or set DATABASE_URL to use Postgres.`,
    );
  }
}

/**
 * Locks a directory for this process and returns the function that unlocks it. The lock is a
 * listening socket: the system drops it with the process, however that ends, so a crash leaves no
 * stale lock and no process id is trusted. Throws `DirectoryLockedError` when another process
 * holds it.
 */
export async function lockDirectory(directory: string): Promise<() => void> {
  const address = socketAddress(directory);
  const server =
    (await listen(address)) ?? (await takeOver(directory, address).then(() => listen(address)));
  if (!server) throw new DirectoryLockedError(directory);
  server.unref();
  return () => server.close();
}

function socketAddress(directory: string) {
  if (process.platform === "win32")
    return `\\\\.\\pipe\\latchkey-${path.resolve(directory).replace(/[^\w]+/g, "-")}`;
  // A socket's path has at most 103 bytes (`sun_path` of macOS); a relative path may be shorter.
  const absolute = path.resolve(directory, "lock");
  const relative = path.relative(process.cwd(), absolute);
  const address = relative.length < absolute.length ? relative : absolute;
  // Node silently truncates a longer path, which would lock another directory.
  if (Buffer.byteLength(address) > 103)
    throw new Error(`The path of ${directory} is too long. Set DATA_DIR to a shorter one.`);
  return address;
}

function listen(address: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.end());
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(null) : reject(error),
    );
    server.listen(address, () => resolve(server));
  });
}

/** Removes the socket file of an ended process. One process at a time: otherwise two could succeed. */
async function takeOver(directory: string, address: string) {
  const turn = path.join(directory, "lock.turn");
  try {
    mkdirSync(turn);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // Another process is taking over, or crashed while it did: then the next start succeeds.
    // A time in the future, after the clock was set back, is no recent takeover either.
    if (Math.abs(ageMs(turn)) > intervals.lockTakeover * 1000)
      rmSync(turn, { recursive: true, force: true });
    throw new DirectoryLockedError(directory);
  }
  try {
    // Only a refused connection means a stale file: a missing one may be the next holder's already.
    const state = await probe(address);
    if (state === "listening") throw new DirectoryLockedError(directory);
    if (state === "ECONNREFUSED") rmSync(address, { force: true });
  } finally {
    rmdirSync(turn);
  }
}

/** The age of a file; zero when it does not exist. */
const ageMs = (file: string) => {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat ? performance.timeOrigin + performance.now() - stat.mtimeMs : 0;
};

/** Connects to a socket. Returns "listening", or the error's code. */
function probe(address: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(address, () => {
      socket.destroy();
      resolve("listening");
    });
    socket.once("error", ({ code = "" }: NodeJS.ErrnoException) => resolve(code));
  });
}
