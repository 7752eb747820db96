import * as argon2 from "@node-rs/argon2";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { bounds, intervals } from "@/lib/core/policy";
import { argon2Hasher } from "./argon2-hasher";

/** argon2id behind its queue (P6), on a machine with four cores. */

const machine = vi.hoisted(() => ({ cores: 4 }));
vi.mock(import("node:os"), async (original) => ({
  ...(await original()),
  availableParallelism: () => machine.cores,
}));
vi.mock(import("@node-rs/argon2"), async (original) => {
  const { hash, verify, ...rest } = await original();
  return { ...rest, hash: vi.fn(hash), verify: vi.fn(verify) };
});

const password = "wet gravel, warm bread";
const busy = { ok: false, refusal: { code: "overloaded", retryAfter: intervals.overloaded } };

// The library is loaded by the first use; tests of the queue count what has started.
const load = (hasher: ReturnType<typeof argon2Hasher>) => hasher.verify(null, password);
await load(argon2Hasher());

beforeEach(() => {
  vi.mocked(argon2.hash).mockClear();
  vi.mocked(argon2.verify).mockClear();
});

describe("hashing and verifying", () => {
  const { hash, verify } = argon2Hasher();

  test("a password matches its own hash and no other", async () => {
    const [storedHash, again] = await Promise.all([hash(password), hash(password)]);
    if (!storedHash.ok || !again.ok) throw new Error("The queue refused a hash.");
    expect(storedHash.value).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(storedHash.value).not.toBe(again.value);
    expect(await verify(storedHash.value, password)).toEqual(told({ matches: true }));
    expect(await verify(storedHash.value, `${password} `)).toEqual(told({ matches: false }));
    expect(await verify(storedHash.value, "")).toEqual(told({ matches: false }));
  });

  test("passwords are compared as given: the caller normalises them", async () => {
    const storedHash = await hash("caf\u00e9 au lait noir");
    if (!storedHash.ok) throw new Error("The queue refused a hash.");
    expect(await verify(storedHash.value, "cafe\u0301 au lait noir")).toEqual(
      told({ matches: false }),
    );
  });

  test("a user without a password costs one comparison with today's parameters, and never matches", async () => {
    for (const typed of [password, "", "\0".repeat(32)])
      expect(await verify(null, typed)).toEqual(told({ matches: false }));
    expect(argon2.verify).toHaveBeenCalledTimes(3);
    const [decoy] = vi.mocked(argon2.verify).mock.calls[0]!;
    const storedHash = await hash(password);
    expect(storedHash.ok && argon2.parseOptions(storedHash.value)).toEqual(
      argon2.parseOptions(decoy),
    );
    expect(argon2.parseOptions(decoy)).toMatchObject(bounds.argon2);
  });

  test.each<[string, argon2.Options]>([
    ["less memory", { memoryCost: 12_288 }],
    ["more memory", { memoryCost: 65_536 }],
    ["another number of passes", { timeCost: 3 }],
    ["another number of lanes", { parallelism: 2 }],
    ["argon2d", { algorithm: 0 }],
    ["argon2's older version", { version: 0 }],
  ])("a hash made with %s still matches, and needs a rehash", async (_, other) => {
    const storedHash = await argon2.hash(password, { ...bounds.argon2, ...other });
    expect(await verify(storedHash, password)).toEqual(told({ matches: true, needsRehash: true }));
  });
});

const told = ({ matches, needsRehash = false }: { matches: boolean; needsRehash?: boolean }) => ({
  ok: true,
  value: { matches, needsRehash },
});

describe("the queue", () => {
  /** Hashes that finish when the test says so, in the order in which they started. */
  function held({ hash } = argon2) {
    const started: { name: string; end: () => void; fail: () => void }[] = [];
    vi.mocked(hash).mockImplementation(
      (name) =>
        new Promise<string>((resolve, reject) => {
          const fail = () => reject(new Error("out of memory"));
          started.push({
            name: name as string,
            end: () => resolve(`hash of ${name as string}`),
            fail,
          });
        }),
    );
    return started;
  }
  const names = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => String(from + at));
  const soon = () => new Promise((resolve) => setImmediate(resolve));
  const namesOf = (started: readonly { name: string }[]) => started.map(({ name }) => name);

  test.each([
    [1, 1],
    [2, 1],
    [4, 3],
    [16, 15],
  ])("%i cores run %i hashes at once", async (cores, atOnce) => {
    machine.cores = cores;
    vi.resetModules();
    const { argon2Hasher } = await import("./argon2-hasher");
    const { hash, ...rest } = argon2Hasher();
    machine.cores = 4;
    await load({ hash, ...rest });
    const started = held(await import("@node-rs/argon2"));
    for (const name of names(0, 20)) void hash(name);
    await soon();
    expect(namesOf(started)).toEqual(names(0, atOnce));
  });

  test("requests run in the order in which they came", async () => {
    const started = held();
    const { hash } = argon2Hasher();
    const responses = names(0, 6).map((name) => hash(name));
    await soon();
    expect(namesOf(started)).toEqual(names(0, 3));
    started[1]!.end();
    // A request that comes at the moment in which a slot becomes free.
    responses.push(hash("6"));
    await soon();
    expect(namesOf(started)).toEqual(names(0, 4));
    for (let at = 0; at < 7; at += 1) {
      started[at]!.end();
      await soon();
    }
    expect(namesOf(started)).toEqual(names(0, 7));
    expect(await Promise.all(responses)).toEqual(
      names(0, 7).map((name) => ({ ok: true, value: `hash of ${name}` })),
    );
  });

  test("a request that waits too long is refused, and its turn goes to the next waiting one", async () => {
    vi.useFakeTimers();
    try {
      const started = held();
      const { hash } = argon2Hasher();
      const responses = names(0, 3).map((name) => hash(name));
      const patient = hash("patient");
      await vi.advanceTimersByTimeAsync(intervals.hashWait * 1000 - 1);
      const late = hash("late");
      await vi.advanceTimersByTimeAsync(1);
      expect(await patient).toEqual(busy);
      for (let at = 0; at < 4; at += 1) {
        started[at]!.end();
        await vi.advanceTimersByTimeAsync(0);
      }
      expect(await late).toMatchObject({ ok: true });
      expect((await Promise.all(responses)).every(({ ok }) => ok)).toBe(true);
      expect(namesOf(started)).toEqual([...names(0, 3), "late"]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("a request to a full queue is refused at once; one is accepted again after the next hash is done", async () => {
    const started = held();
    const { hash, verify } = argon2Hasher();
    const capacity = 3 + bounds.hashQueue;
    const responses = names(0, capacity).map((name) => hash(name));
    expect(await hash("one too many")).toEqual(busy);
    expect(await verify(null, "one too many")).toEqual(busy);
    started[0]!.end();
    await responses[0];
    responses.push(hash("last"));
    expect(await hash("one too many")).toEqual(busy);
    for (let at = 0; at <= capacity; at += 1) {
      started[at]!.end();
      await soon();
    }
    expect((await Promise.all(responses)).every(({ ok }) => ok)).toBe(true);
    expect(namesOf(started)).toEqual([...names(0, capacity), "last"]);
    expect(argon2.verify).not.toHaveBeenCalled();
  });

  test("a hash that throws frees its slot, and only its caller sees the error", async () => {
    const started = held();
    const { hash, verify } = argon2Hasher();
    const responses = names(0, 5).map((name) => hash(name));
    await soon();
    started[0]!.fail();
    await expect(responses[0]).rejects.toThrow("out of memory");
    await soon();
    expect(namesOf(started)).toEqual(names(0, 4));
    for (let at = 1; at < 5; at += 1) {
      started[at]!.end();
      await soon();
    }
    expect(await Promise.all(responses.slice(1))).toHaveLength(4);
    // A malformed stored hash is a bug, and blocks no other request either.
    for (let at = 0; at < 5; at += 1)
      await expect(verify("$2b$10$foreign", password)).rejects.toThrow();
    expect(await verify(null, password)).toMatchObject({ ok: true });
  });

  test("verifying and hashing share one queue", async () => {
    const started = held();
    const { hash, verify } = argon2Hasher();
    for (const name of names(0, 3)) void hash(name);
    const response = verify(null, password);
    await soon();
    expect(argon2.verify).not.toHaveBeenCalled();
    started[2]!.end();
    expect(await response).toMatchObject({ ok: true });
  });
});
