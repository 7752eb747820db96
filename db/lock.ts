import { mkdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import path from "node:path";

/** Two processes on one embedded database lose data without a word, so the second is turned away. */
export class DirectoryLockedError extends Error {
  constructor(directory: string) {
    super(
      `The embedded database in ${directory} is in use by another process. Stop that server first, or set DATABASE_URL.`,
    );
  }
}

/**
 * Takes a directory for this process alone and returns what gives it back. The lock is a listening
 * socket: the system drops it with the process, however that ends, so a crash leaves no stale lock
 * and no process id is trusted. Throws `DirectoryLockedError` when somebody holds it.
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
  // A socket's path has room for about 100 bytes; a relative one is shorter in a deep directory.
  const absolute = path.resolve(directory, "lock");
  const relative = path.relative(process.cwd(), absolute);
  const address = relative.length < absolute.length ? relative : absolute;
  // The system would cut a longer one off without a word, and lock another directory.
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

/** Removes a socket file whose process is gone. One taker at a time, or two could both win. */
async function takeOver(directory: string, address: string) {
  const turn = path.join(directory, "lock.turn");
  try {
    mkdirSync(turn);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // Somebody is taking over right now; only a turn that its owner never ended is in our way.
    if (ageMs(turn) > 5_000) rmSync(turn, { recursive: true, force: true });
    throw new DirectoryLockedError(directory);
  }
  try {
    // Only a file that nobody listens at is stale; one that is gone may be the next holder's by now.
    const state = await ask(address);
    if (state === "answers") throw new DirectoryLockedError(directory);
    if (state === "ECONNREFUSED") rmSync(address, { force: true });
  } finally {
    rmdirSync(turn);
  }
}

/** Zero for one that is gone by now. */
const ageMs = (file: string) => {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat ? performance.timeOrigin + performance.now() - stat.mtimeMs : 0;
};

/** "answers", or the code of what happened instead. */
function ask(address: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(address, () => {
      socket.destroy();
      resolve("answers");
    });
    socket.once("error", ({ code = "" }: NodeJS.ErrnoException) => resolve(code));
  });
}
