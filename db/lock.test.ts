import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import type * as Fs from "node:fs";
import type * as Net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildSync } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { DirectoryLockedError, lockDirectory } from "./lock";

/** Lets a test pause between two steps of a process that acquires the lock. */
const between = vi.hoisted(() => ({
  /** Called when a connection failed; the caller learns of the failure once this resolves. */
  failedConnect: null as (() => Promise<void>) | null,
  turnIsTaken: false,
}));

vi.mock("node:net", async (original) => {
  const net = await original<typeof Net>();
  const connect = (address: string, onConnect: () => void) => {
    const socket = net.connect(address, onConnect);
    const hold = between.failedConnect;
    if (!hold) return socket;
    between.failedConnect = null;
    const emit = socket.emit.bind(socket) as (...args: unknown[]) => boolean;
    socket.emit = ((event: string, ...args: unknown[]) => {
      if (event !== "error") return emit(event, ...args);
      void hold().then(() => emit(event, ...args));
      return true;
    }) as typeof socket.emit;
    return socket;
  };
  return { ...net, default: net, connect };
});

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof Fs>();
  const mkdirSync: typeof fs.mkdirSync = ((...args: Parameters<typeof fs.mkdirSync>) => {
    if (between.turnIsTaken && String(args[0]).endsWith(".turn"))
      throw Object.assign(new Error("EEXIST: file already exists"), { code: "EEXIST" });
    return fs.mkdirSync(...args);
  }) as typeof fs.mkdirSync;
  return { ...fs, default: fs, mkdirSync };
});

let home: string;
let program: string;
beforeAll(() => {
  home = mkdtempSync(path.join(realpathSync(tmpdir()), "lk-"));
  buildSync({
    entryPoints: [path.join(import.meta.dirname, "lock.ts")],
    outfile: path.join(home, "lock.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
  });
  program = path.join(home, "process.mjs");
  writeFileSync(
    program,
    `import { lockDirectory } from "./lock.mjs";
    let release;
    process.on("message", async (directory) => {
      if (directory === null) { release(); process.send("released"); return; }
      try { release = await lockDirectory(directory); process.send("held"); }
      catch (error) { process.send(error.constructor.name + ": " + error.message); }
    });
    process.send("ready");`,
  );
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

let directory: string;
const children: ChildProcess[] = [];
const releases: (() => void)[] = [];
beforeEach(() => {
  directory = mkdtempSync(path.join(home, "d-"));
  between.failedConnect = null;
  between.turnIsTaken = false;
});
afterEach(async () => {
  for (const release of releases.splice(0)) release();
  await Promise.all(children.splice(0).map(kill));
});

const consume = async (where = directory) => {
  const release = await lockDirectory(where);
  releases.push(release);
  return release;
};

async function kill(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** Another process. `take` resolves with "held" or with the error message. */
async function another(cwd = home) {
  const child = fork(program, { cwd, execArgv: [] });
  children.push(child);
  await once(child, "message");
  const send = async (message: string | null) => {
    const response = once(child, "message");
    child.send(message as string);
    return String((await response)[0]);
  };
  return {
    consume: (where = directory) => send(where),
    release: () => send(null),
    kill: () => kill(child),
  };
}

const turnedAway = /^DirectoryLockedError: Another process uses the embedded database in /;

describe("while a process holds the lock on the database's directory", () => {
  it("a second attempt in the same process is refused with a clear message", async () => {
    await consume();
    await expect(consume()).rejects.toThrow(DirectoryLockedError);
    await expect(consume()).rejects.toThrow(
      `Another process uses the embedded database in ${directory}.`,
    );
  });

  it("a second process is refused, however often it tries", async () => {
    await consume();
    const other = await another();
    for (let i = 0; i < 3; i += 1) expect(await other.consume()).toMatch(turnedAway);
  });

  it("this process is refused while another process holds the lock", async () => {
    const other = await another();
    expect(await other.consume()).toBe("held");
    await expect(consume()).rejects.toThrow(DirectoryLockedError);
  });

  it("a process that spells the directory's path differently is refused as well", async () => {
    await consume();
    const neighbour = await another(directory);
    for (const spelling of [".", "./", path.join("..", path.basename(directory)), `${directory}/`])
      expect(await neighbour.consume(spelling)).toMatch(turnedAway);
  });

  it("other directories can be locked", async () => {
    await consume();
    await consume(mkdtempSync(path.join(home, "d-")));
  });
});

describe("the directory can be locked again", () => {
  it("when its holder releases it", async () => {
    const release = await consume();
    release();
    await consume();
    expect(await (await another()).consume()).toMatch(turnedAway);
  });

  it("when its holder in another process releases it", async () => {
    const other = await another();
    await other.consume();
    await other.release();
    await consume();
  });

  it("when its holder is killed", async () => {
    const other = await another();
    expect(await other.consume()).toBe("held");
    await other.kill();
    // The socket's file is still there, but no process listens on it.
    expect(existsSync(path.join(directory, "lock"))).toBe(true);
    await consume();
    expect(await (await another()).consume()).toMatch(turnedAway);
  });

  it("after many killed holders", async () => {
    for (let i = 0; i < 2; i += 1) {
      const other = await another();
      expect(await other.consume()).toBe("held");
      await other.kill();
    }
    expect(existsSync(path.join(directory, "lock.turn"))).toBe(false);
  });

  it("when a file with the socket's name exists and no process listens on it", async () => {
    writeFileSync(path.join(directory, "lock"), "");
    await consume();
  });

  it.each([
    ["long ago", new Date(0)],
    ["in the future, as the clock was set back since", new Date(Date.now() + 400 * 86_400_000)],
  ])(
    "at the second attempt at the latest, when a process died while it took over %s",
    async (_, at) => {
      writeFileSync(path.join(directory, "lock"), "");
      const turn = path.join(directory, "lock.turn");
      mkdirSync(turn);
      utimesSync(turn, at, at);
      await consume().catch((error: unknown) => expect(error).toBeInstanceOf(DirectoryLockedError));
      if (releases.length === 0) await consume();
    },
  );
});

describe("of several processes at once exactly one gets the lock", () => {
  const stale = async () => {
    const dead = await another();
    await dead.consume();
    await dead.kill();
  };

  it.each([
    ["free", async () => {}],
    ["left behind by a crash", stale],
  ])("in one process, when the file is %s", async (_, prepare) => {
    await prepare();
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => consume()));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const one of all)
      if (one.status === "rejected") expect(one.reason).toBeInstanceOf(DirectoryLockedError);
  });

  it("in ten processes, when a crash left the file behind", async () => {
    await stale();
    const all = await Promise.all(Array.from({ length: 10 }, () => another()));
    const responses = await Promise.all(all.map((one) => one.consume()));
    expect(responses.filter((response) => response === "held")).toHaveLength(1);
    for (const response of responses) if (response !== "held") expect(response).toMatch(turnedAway);
  }, 20_000);

  it("when its holder releases it just while another process checks whether it is alive", async () => {
    const release = await consume();
    let resumeLate = () => {};
    const looked = new Promise<void>((resolve) => {
      between.failedConnect = () => {
        resolve();
        return new Promise((resolve) => (resumeLate = resolve));
      };
    });
    const late = consume();
    late.catch(() => {});
    release();
    await looked;
    // The directory is free, so a third process may lock it; the late one must not replace that
    // lock.
    const third = await consume().then(
      () => "held",
      () => "refused",
    );
    resumeLate();
    const lateCame = await late.then(
      () => "held",
      () => "refused",
    );
    expect([third, lateCame].filter((response) => response === "held")).toHaveLength(1);
  });

  it('a process that comes while another is taking over gets a clear "in use" message', async () => {
    writeFileSync(path.join(directory, "lock"), "");
    // The takeover lock was held when it was requested, and is gone a moment later.
    between.turnIsTaken = true;
    await expect(consume()).rejects.toThrow(DirectoryLockedError);
  });
});

describe("a directory whose path is too long for a socket", () => {
  const deep = () => {
    const where = path.join(directory, ...Array.from({ length: 6 }, () => "d".repeat(40)));
    mkdirSync(where, { recursive: true });
    expect(Buffer.byteLength(where)).toBeGreaterThan(200);
    return where;
  };

  it("is locked from within, where npm start runs", async () => {
    const where = deep();
    mkdirSync(path.join(where, ".data"));
    const one = await another(where);
    const two = await another(where);
    expect(await one.consume(".data")).toBe("held");
    expect(await two.consume(".data")).toMatch(turnedAway);
    expect(await two.consume(path.join(where, ".data"))).toMatch(turnedAway);
    await one.kill();
    expect(await two.consume(".data")).toBe("held");
  });

  it("is locked from another directory too, or refused for its length, but never confused with another directory", async () => {
    const where = deep();
    const neighbour = path.join(path.dirname(where), `${"d".repeat(39)}e`);
    mkdirSync(neighbour);
    const [one, two] = [await another(), await another()];
    expect(await one.consume(where)).not.toMatch(turnedAway);
    expect(await two.consume(neighbour)).not.toMatch(turnedAway);
  });
});

it("a missing directory is not reported as a lock", async () => {
  const nowhere = path.join(directory, "nowhere");
  await expect(consume(nowhere)).rejects.not.toThrow(DirectoryLockedError);
});
