import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, getPriority, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { bounds, intervals } from "@/lib/core/policy";
import { argon2Hasher } from "./argon2-hasher";
import { hashingProcess } from "./hashing-process";

/** The process that hashes passwords, started for real. */

const policy = vi.hoisted(() => ({ hashStall: 600 }));
vi.mock(import("@/lib/core/policy"), async (original) => {
  const { intervals, ...rest } = await original();
  const changed = Object.defineProperty({ ...intervals }, "hashStall", {
    get: () => policy.hashStall,
  });
  return { ...rest, intervals: changed } as never;
});
vi.mock(import("node:child_process"), async (original) => {
  const { fork, ...rest } = await original();
  return { ...rest, fork: vi.fn(fork) } as never;
});

const program = fileURLToPath(new URL("hashing-program.mjs", import.meta.url));
const password = "wet gravel, warm bread";

/** The process that was started last. */
const newest = () => vi.mocked(fork).mock.results.at(-1)!.value as ChildProcess;
const started = () => vi.mocked(fork).mock.calls.length;

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

afterEach(() => {
  for (const { type, value } of vi.mocked(fork).mock.results)
    if (type === "return") (value as ChildProcess).kill("SIGKILL");
  vi.mocked(fork).mockClear();
  policy.hashStall = 600;
});

function setUp(script?: string) {
  const logged: { event: string }[] = [];
  const note = (event: string, fields?: object) => void logged.push({ event, ...fields });
  const hashing = hashingProcess({ info: note, warn: note, error: note }, script);
  return { hashing, logged, hasher: argon2Hasher(hashing) };
}

const hashed = async ({ hash }: ReturnType<typeof argon2Hasher>) => {
  const result = await hash(password);
  if (!result.ok) throw new Error("The queue refused a hash.");
  return result.value;
};

test("hashes and compares like the server itself, as many at once as there are cores", async () => {
  const { hashing, hasher, logged } = setUp();
  const here = argon2Hasher();
  const storedHash = await hashed(hasher);
  for (const { verify } of [hasher, here]) {
    expect(await verify(storedHash, password)).toEqual(matches(true));
    expect(await verify(storedHash, `${password} `)).toEqual(matches(false));
    expect(await verify(null, password)).toEqual(matches(false));
  }
  expect(await hasher.verify(await hashed(here), password)).toEqual(matches(true));
  const odd = "half a \ud83d pair, in any place";
  const ofOdd = await here.hash(odd);
  expect(ofOdd.ok && (await hasher.verify(ofOdd.value, odd))).toEqual(matches(true));
  expect(hashing.atOnce()).toBe(availableParallelism());
  expect(started()).toBe(1);
  expect(logged).toEqual([]);
});

const matches = (matches: boolean) => ({ ok: true, value: { matches, needsRehash: false } });

test("a server that hashes nothing starts no process", () => {
  setUp();
  expect(started()).toBe(0);
});

test("the process has a lower priority, and neither secrets nor the server's environment", async () => {
  vi.stubEnv("LATCHKEY_TEST_SECRET", "s3cret");
  const { hasher } = setUp();
  await hashed(hasher);
  vi.unstubAllEnvs();
  const { pid = 0 } = newest();
  expect(getPriority(pid)).toBe(getPriority() + bounds.hashingNice);
  if (process.platform !== "linux") return;
  const seen = ["environ", "cmdline"].map((name) => readFileSync(`/proc/${pid}/${name}`, "utf8"));
  expect(seen.join()).not.toMatch(/s3cret|gravel|SECRET|DATABASE_URL/);
  expect(seen[1]!.split("\0").filter(Boolean)).toEqual([process.execPath, program]);
});

test("a malformed stored hash is a bug of its caller, and ends nothing", async () => {
  const { hasher, logged } = setUp();
  await expect(hasher.verify("$2b$10$foreign", password)).rejects.toThrow();
  expect(await hasher.verify(null, password)).toEqual(matches(false));
  expect(started()).toBe(1);
  expect(logged).toEqual([]);
});

describe("a process that ends", () => {
  test("is replaced for the next hash", async () => {
    const { hasher, logged } = setUp();
    const storedHash = await hashed(hasher);
    const ended = once(newest(), "exit");
    newest().kill("SIGKILL");
    await ended;
    expect(await hasher.verify(storedHash, password)).toEqual(matches(true));
    expect(started()).toBe(2);
    expect(logged).toMatchObject([{ event: "hashing.process_ended", signal: "SIGKILL" }]);
  });

  test("during its work has it repeated by the next one, once", async () => {
    const { hasher } = setUp();
    const storedHash = await hashed(hasher);
    // It cannot have replied: it is stopped before it is asked.
    newest().kill("SIGSTOP");
    const right = hasher.verify(storedHash, password);
    const wrong = hasher.verify(storedHash, "another one");
    newest().kill("SIGKILL");
    expect(await right).toEqual(matches(true));
    expect(await wrong).toEqual(matches(false));
    expect(started()).toBe(2);
  });

  test("twice during the same work has its caller try again later", async () => {
    const script = path.join(mkdtempSync(path.join(tmpdir(), "latchkey-test-")), "ends.mjs");
    writeFileSync(script, `process.on("message", () => process.exit(7)); process.send("ready");`);
    const { hasher, logged } = setUp(script);
    expect(await hasher.verify(null, password)).toEqual({
      ok: false,
      refusal: { code: "overloaded", retryAfter: intervals.overloaded },
    });
    expect(started()).toBe(2);
    expect(logged).toMatchObject(Array(2).fill({ event: "hashing.process_ended", code: 7 }));
  });

  test("or hangs is replaced after a while", async () => {
    const { hasher } = setUp();
    const storedHash = await hashed(hasher);
    policy.hashStall = 0.2;
    newest().kill("SIGSTOP");
    const response = hasher.verify(storedHash, password);
    policy.hashStall = 600;
    expect(await response).toEqual(matches(true));
    expect(started()).toBe(2);
  });
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s to the whole process group leaves it to the server when it ends",
  async (signal) => {
    const { hasher } = setUp();
    const storedHash = await hashed(hasher);
    newest().kill(signal);
    expect(await hasher.verify(storedHash, password)).toEqual(matches(true));
    expect(started()).toBe(1);
  },
);

test("where no process can be started, the server itself hashes, and says so once", async () => {
  const { hashing, hasher, logged } = setUp("/no/such/program.mjs");
  const [storedHash] = await Promise.all([hashed(hasher), hashed(hasher)]);
  expect(await hasher.verify(storedHash, password)).toEqual(matches(true));
  expect(hashing.atOnce()).toBe(Math.max(1, availableParallelism() - 1));
  expect(started()).toBe(1);
  expect(logged).toMatchObject([{ event: "hashing.no_process" }]);
});

const failToStart = () =>
  vi.mocked(fork).mockImplementationOnce(() => {
    throw new Error("spawn ENOMEM");
  });

test("where starting it throws, the server itself hashes", async () => {
  failToStart();
  const { hasher, logged } = setUp();
  expect(await hasher.verify(await hashed(hasher), password)).toEqual(matches(true));
  expect(logged).toMatchObject([{ event: "hashing.no_process", error: "spawn ENOMEM" }]);
});

test("where replacing it throws, the server finishes its work", async () => {
  const { hasher, logged } = setUp();
  const storedHash = await hashed(hasher);
  newest().kill("SIGSTOP");
  const comparison = hasher.verify(storedHash, password);
  failToStart();
  newest().kill("SIGKILL");
  expect(await comparison).toEqual(matches(true));
  expect(logged.map(({ event }) => event)).toEqual(["hashing.process_ended", "hashing.no_process"]);
});

test("it is started again when it is killed before it is ready", async () => {
  const { hasher, logged } = setUp();
  const storedHash = hashed(hasher);
  newest().kill("SIGKILL");
  expect(await hasher.verify(await storedHash, password)).toEqual(matches(true));
  expect(started()).toBe(2);
  expect(logged).toEqual([]);
});

test("it ends with a server that is killed", async () => {
  const server = spawn(
    process.execPath,
    [
      "-e",
      `const child = require("node:child_process").fork(process.argv[1], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
       child.once("message", () => console.log(child.pid));
       setInterval(() => {}, 1000);`,
      program,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [output] = (await once(server.stdout, "data")) as [Buffer];
  const pid = Number(output.toString());
  expect(isAlive(pid)).toBe(true);
  server.kill("SIGKILL");
  await vi.waitUntil(() => !isAlive(pid), { timeout: 60_000 });
});
