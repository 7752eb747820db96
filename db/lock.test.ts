import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import type * as Fs from "node:fs";
import type * as Net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { transformSync } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { DirectoryLockedError, lockDirectory } from "./lock";

/** Lets a test stand between two steps of a taker. */
const between = vi.hoisted(() => ({
  /** Called when a connection failed; the failure is told once it resolves. */
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
  const source = readFileSync(path.join(import.meta.dirname, "lock.ts"), "utf8");
  writeFileSync(
    path.join(home, "lock.mjs"),
    transformSync(source, { loader: "ts", format: "esm" }).code,
  );
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

/** Another process; `take` tells "held", or what it was told. */
async function another(cwd = home) {
  const child = fork(program, { cwd, execArgv: [] });
  children.push(child);
  await once(child, "message");
  const say = async (message: string | null) => {
    const response = once(child, "message");
    child.send(message as string);
    return String((await response)[0]);
  };
  return {
    consume: (where = directory) => say(where),
    release: () => say(null),
    kill: () => kill(child),
  };
}

const turnedAway =
  /^DirectoryLockedError: The embedded database in .+ is in use by another process/;

describe("while somebody holds the database's directory", () => {
  it("a second taker in the same process is turned away in plain words", async () => {
    await consume();
    await expect(consume()).rejects.toThrow(DirectoryLockedError);
    await expect(consume()).rejects.toThrow(`The embedded database in ${directory} is in use`);
  });

  it("a second process is turned away, as often as it tries", async () => {
    await consume();
    const other = await another();
    for (let i = 0; i < 3; i += 1) expect(await other.consume()).toMatch(turnedAway);
  });

  it("this process is turned away by another one's lock", async () => {
    const other = await another();
    expect(await other.consume()).toBe("held");
    await expect(consume()).rejects.toThrow(DirectoryLockedError);
  });

  it("a process that spells the directory in another way is turned away as well", async () => {
    await consume();
    const neighbour = await another(directory);
    for (const spelling of [".", "./", path.join("..", path.basename(directory)), `${directory}/`])
      expect(await neighbour.consume(spelling)).toMatch(turnedAway);
  });

  it("other directories are free", async () => {
    await consume();
    await consume(mkdtempSync(path.join(home, "d-")));
  });
});

describe("the directory is free again", () => {
  it("when its holder gives it back", async () => {
    const release = await consume();
    release();
    await consume();
    expect(await (await another()).consume()).toMatch(turnedAway);
  });

  it("when its holder in another process gives it back", async () => {
    const other = await another();
    await other.consume();
    await other.release();
    await consume();
  });

  it("when its holder is killed in the middle of everything", async () => {
    const other = await another();
    expect(await other.consume()).toBe("held");
    await other.kill();
    // The socket's file is still there; nobody listens at it.
    expect(existsSync(path.join(directory, "lock"))).toBe(true);
    await consume();
    expect(await (await another()).consume()).toMatch(turnedAway);
  });

  it("also after many such ends", async () => {
    for (let i = 0; i < 2; i += 1) {
      const other = await another();
      expect(await other.consume()).toBe("held");
      await other.kill();
    }
    expect(existsSync(path.join(directory, "lock.turn"))).toBe(false);
  });

  it("when a file of that name lies there that nobody listens at", async () => {
    writeFileSync(path.join(directory, "lock"), "");
    await consume();
  });

  it("at the second try at the latest, when somebody died while taking over", async () => {
    writeFileSync(path.join(directory, "lock"), "");
    const turn = path.join(directory, "lock.turn");
    mkdirSync(turn);
    utimesSync(turn, new Date(0), new Date(0));
    await consume().catch((error: unknown) => expect(error).toBeInstanceOf(DirectoryLockedError));
    if (releases.length === 0) await consume();
  });
});

describe("of several who come at once exactly one holds it", () => {
  const stale = async () => {
    const dead = await another();
    await dead.consume();
    await dead.kill();
  };

  it.each([
    ["free", async () => {}],
    ["left behind by a crash", stale],
  ])("in one process, when it is %s", async (_, prepare) => {
    await prepare();
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => consume()));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const one of all)
      if (one.status === "rejected") expect(one.reason).toBeInstanceOf(DirectoryLockedError);
  });

  it("in ten processes, when it is left behind by a crash", async () => {
    await stale();
    const all = await Promise.all(Array.from({ length: 10 }, () => another()));
    const responses = await Promise.all(all.map((one) => one.consume()));
    expect(responses.filter((response) => response === "held")).toHaveLength(1);
    for (const response of responses) if (response !== "held") expect(response).toMatch(turnedAway);
  }, 20_000);

  it("when its holder leaves just while another looks whether it is alive", async () => {
    const release = await consume();
    let redirectToNext = () => {};
    const looked = new Promise<void>((resolve) => {
      between.failedConnect = () => {
        resolve();
        return new Promise((go) => (redirectToNext = go));
      };
    });
    const late = consume();
    late.catch(() => {});
    release();
    await looked;
    // The directory is free, so a third may take it; the late one must not push it out.
    const third = await consume().then(
      () => "held",
      () => "turned away",
    );
    redirectToNext();
    const lateCame = await late.then(
      () => "held",
      () => "turned away",
    );
    expect([third, lateCame].filter((response) => response === "held")).toHaveLength(1);
  });

  it("and one who comes as another's turn ends reads that it is in use, not a riddle", async () => {
    writeFileSync(path.join(directory, "lock"), "");
    // The turn was somebody's when it was asked for, and is gone a moment later.
    between.turnIsTaken = true;
    await expect(consume()).rejects.toThrow(DirectoryLockedError);
  });
});

describe("a directory so deep that a socket's path has no room for it", () => {
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

  it("is locked from elsewhere too, or refused for its length, but never taken for its neighbour", async () => {
    const where = deep();
    const neighbour = path.join(path.dirname(where), `${"d".repeat(39)}e`);
    mkdirSync(neighbour);
    const [one, two] = [await another(), await another()];
    expect(await one.consume(where)).not.toMatch(turnedAway);
    expect(await two.consume(neighbour)).not.toMatch(turnedAway);
  });
});

it("a directory that is not there is no lock held by somebody", async () => {
  const nowhere = path.join(directory, "nowhere");
  await expect(consume(nowhere)).rejects.not.toThrow(DirectoryLockedError);
});
