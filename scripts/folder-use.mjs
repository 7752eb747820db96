/**
 * Which processes use the packages and the build of this folder, so that none is replaced under a
 * running server. Each process has a listening socket in `.running`: the system closes it with the
 * process, however that ends, so no process id has to be trusted.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "./run.mjs";

const FOLDER = ".running";
const isWindows = process.platform === "win32";

/** Errors of a folder that this user cannot change. A user who can is not told of this process. */
const readOnly = ["EROFS", "EACCES", "EPERM"];

let hasWarned = false;

/**
 * Marks this process as a user of the folder: "server", "dev", "tests" of any kind or "e2e" for those
 * of the build, or "preparing" while it installs or builds. Returns the function that ends the use.
 * Without a mark it warns, because a server must start on a full disk, and without sockets, too.
 */
export async function useFolder(as) {
  const name = `${process.pid}-${as}`;
  try {
    mkdirSync(FOLDER, { recursive: true });
    // Left by an ended process that had the same id.
    rmSync(join(FOLDER, name), { force: true });
    if (isWindows) writeFileSync(join(FOLDER, name), "");
    const server = await listen(addressOf(name));
    const release = () => {
      process.off("exit", release);
      server.close();
      removeMark(name);
    };
    process.once("exit", release);
    return release;
  } catch (error) {
    if (!error.syscall) throw error;
    if (!readOnly.includes(error.code)) warnOnce(error);
    return () => {};
  }
}

function warnOnce({ code }) {
  if (hasWarned) return;
  hasWarned = true;
  console.warn(
    `This folder could not be marked as used (${code}): do not install or build in it meanwhile.`,
  );
}

/** Runs `prepare` while no other process prepares this folder; until then it waits. */
export async function exclusively(prepare) {
  let isAnnounced = false;
  for (;;) {
    // Registered before the others are read: of two processes, at least one sees the other.
    const release = await useFolder("preparing");
    try {
      if (!(await otherUses()).includes("preparing")) return await prepare();
    } finally {
      release();
    }
    if (!isAnnounced) console.log("Waiting for another process that installs or builds here …");
    isAnnounced = true;
    await sleep(100 + Math.random() * 300);
  }
}

/** Throws a `Failure` when another process uses the folder in one of these ways. */
export async function refuseWhileUsed(uses, what) {
  const use = (await otherUses()).find((one) => uses.includes(one));
  if (!use) return;
  const users = {
    server: "A server runs",
    dev: "A development server runs",
    tests: "Tests run",
    e2e: "Tests run",
  };
  throw new Failure(
    `${users[use]} in this folder, and ${what}. Stop it first, or use a copy of the folder.`,
  );
}

async function otherUses() {
  const others = list().filter(({ pid }) => pid !== process.pid);
  const alive = await Promise.all(others.map(async (one) => (await isAlive(one.name)) && one.as));
  return alive.filter(Boolean);
}

function list() {
  try {
    return readdirSync(FOLDER).flatMap((name) => {
      const [, pid, as] = /^(\d+)-(\w+)$/.exec(name) ?? [];
      return as ? [{ name, pid: Number(pid), as }] : [];
    });
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(error.code)) return [];
    throw error;
  }
}

/**
 * Whether the process of a socket runs. Removes what an ended process has left. The socket of a running
 * one admits every user, so that what refuses access was left too.
 */
function isAlive(name) {
  return new Promise((done) => {
    const socket = connect(addressOf(name), () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", ({ code }) => {
      const hasEnded = ["ECONNREFUSED", "ENOENT", "EACCES"].includes(code);
      if (hasEnded) removeMark(name);
      done(!hasEnded);
    });
  });
}

function removeMark(name) {
  try {
    rmSync(join(FOLDER, name), { force: true });
  } catch {
    // It belongs to another user, and is known to be unused.
  }
}

function listen(address) {
  return new Promise((done, reject) => {
    const server = createServer((socket) => socket.end());
    server.once("error", reject);
    server.listen({ path: address, writableAll: true }, () => done(server.unref()));
  });
}

/** A relative path, because a socket's path has at most 103 bytes. */
function addressOf(name) {
  if (!isWindows) return join(FOLDER, name);
  const folder = createHash("sha256").update(resolve(FOLDER)).digest("hex").slice(0, 16);
  return `\\\\.\\pipe\\latchkey-${folder}-${name}`;
}
