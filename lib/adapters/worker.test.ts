import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SQL } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { random } from "@/lib/core/crypto";
import { bounds, intervals } from "@/lib/core/policy";
import { noMetrics } from "./no-metrics";
import { startWorker, type Worker } from "./worker";

const jobs = vi.hoisted(() => ({
  deliver: vi.fn(),
  purge: vi.fn(),
  change: vi.fn(),
  erase: vi.fn(),
  mayPurge: vi.fn(),
}));
vi.mock("./courier", () => ({ deliverDueLetters: jobs.deliver }));
vi.mock("./due-email-changes", () => ({ applyDueEmailChanges: jobs.change }));
vi.mock("@/lib/store/audit-seals", () => ({
  auditSealer: () => async () => 0,
  cutAuditLog: async () => 0,
}));
vi.mock("@/lib/store/purge", () => ({ purge: jobs.purge }));
vi.mock("@/lib/store/erasures", () => ({ eraseDueAccounts: jobs.erase }));
vi.mock("./purge-guard", () => ({ purgeGuard: () => jobs.mayPurge }));

class Away extends Error {}

/** A job that ends when the test says so. */
function held() {
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  let atOnce = 0;
  let most = 0;
  jobs.deliver.mockImplementation(() => {
    most = Math.max(most, (atOnce += 1));
    return new Promise<void>((resolve, reject) => ends.push({ resolve, reject })).finally(
      () => (atOnce -= 1),
    );
  });
  return { ends, most: () => most };
}

const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
let worker: Worker;
/** The statements of the embedded database's maintenance; each finds `wal` bytes since a checkpoint. */
const statements: string[] = [];
let wal = 0;
const db = {
  execute: async (query: SQL) => {
    statements.push(new PgDialect().sqlToQuery(query).sql.split(" ")[0]!);
    return { rows: [{ bytes: wal }] };
  },
};
const start = ({ isEmbedded = false } = {}) => {
  worker = startWorker(
    {
      db: db as never,
      env: { lifetimes: {} } as never,
      log,
      clock: { now: () => new Date(0) },
      random,
      metrics: noMetrics,
      isDatabaseUnavailable: (error) => error instanceof Away,
    },
    async () => ({ sent: true }),
    { isEmbedded },
  );
};
const flushTimers = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  vi.resetAllMocks();
  jobs.deliver.mockResolvedValue(0);
  jobs.purge.mockResolvedValue(0);
  jobs.change.mockResolvedValue(0);
  jobs.erase.mockResolvedValue(0);
  jobs.mayPurge.mockResolvedValue(true);
  statements.length = 0;
  wal = 0;
});
afterEach(() => vi.useRealTimers());

describe("the worker", () => {
  it("looks for emails at once, and again after each pause", async () => {
    start();
    expect(jobs.deliver).toHaveBeenCalledTimes(1);
    await flushTimers();
    await vi.advanceTimersByTimeAsync(intervals.outboxPoll * 1000);
    expect(jobs.deliver).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(intervals.outboxPoll * 1000 * 10);
    expect(jobs.deliver).toHaveBeenCalledTimes(12);
    await worker.stop();
  });

  it("looks when it is woken, without waiting for the pause to end", async () => {
    start();
    await flushTimers();
    worker.wake();
    expect(jobs.deliver).toHaveBeenCalledTimes(2);
    await flushTimers();
    await worker.stop();
  });

  it("never delivers twice at once, however often it is woken", async () => {
    const { ends, most } = held();
    start();
    for (let i = 0; i < 50; i += 1) worker.wake();
    await flushTimers();
    expect(ends).toHaveLength(1);
    ends[0]!.resolve();
    await flushTimers();
    for (let i = 0; i < 50; i += 1) worker.wake();
    await vi.advanceTimersByTimeAsync(intervals.outboxPoll * 1000 * 3);
    expect(most()).toBe(1);
    const stopped = worker.stop();
    ends[1]!.resolve();
    await stopped;
  });

  it("looks once more when it is woken fifty times while it works", async () => {
    const { ends } = held();
    start();
    for (let i = 0; i < 50; i += 1) worker.wake();
    ends[0]!.resolve();
    await flushTimers();
    expect(ends).toHaveLength(2);
    ends[1]!.resolve();
    await flushTimers();
    expect(ends).toHaveLength(2);
    await worker.stop();
  });

  it("keeps one schedule after a wake-up, not two", async () => {
    start();
    await flushTimers();
    worker.wake();
    await flushTimers();
    jobs.deliver.mockClear();
    await vi.advanceTimersByTimeAsync(intervals.outboxPoll * 1000 * 4);
    expect(jobs.deliver).toHaveBeenCalledTimes(4);
    await worker.stop();
  });

  it("continues after a failure, and logs the failure", async () => {
    jobs.deliver.mockRejectedValueOnce(new Error("a bug"));
    start();
    await flushTimers();
    expect(log.error).toHaveBeenCalledWith("courier.failed", { error: expect.any(Error) });
    await vi.advanceTimersByTimeAsync(intervals.outboxPoll * 1000);
    expect(jobs.deliver).toHaveBeenCalledTimes(2);
    await worker.stop();
  });

  it("does not report an unavailable database as a bug", async () => {
    jobs.deliver.mockRejectedValueOnce(new Away("away"));
    start();
    await flushTimers();
    expect(log.error).not.toHaveBeenCalled();
    expect(log.warn).toHaveBeenCalledWith("database.unavailable", {
      job: "courier",
      code: undefined,
      reason: "away",
    });
    await worker.stop();
  });

  it("purges nothing while the clock may be wrong, and asks again", async () => {
    jobs.mayPurge.mockResolvedValueOnce(false);
    start();
    await flushTimers();
    expect(jobs.purge).not.toHaveBeenCalled();
    expect(jobs.change).not.toHaveBeenCalled();
    expect(jobs.erase).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(intervals.purge * 1000);
    expect(jobs.purge).toHaveBeenCalledOnce();
    expect(jobs.change).toHaveBeenCalledOnce();
    expect(jobs.erase).toHaveBeenCalledOnce();
    await worker.stop();
  });

  it("purges expired rows alongside, and logs when there were some", async () => {
    jobs.purge.mockResolvedValueOnce(7);
    start();
    await flushTimers();
    expect(log.info).toHaveBeenCalledExactlyOnceWith("purge.done", { rows: 7 });
    await vi.advanceTimersByTimeAsync(intervals.purge * 1000);
    expect(jobs.purge).toHaveBeenCalledTimes(2);
    expect(log.info).toHaveBeenCalledTimes(1);
    await worker.stop();
  });
});

describe("a job that is stuck", () => {
  const stall = intervals.jobStall * 1000;

  it("is given up after its limit, logged, and run again", async () => {
    const { ends } = held();
    start();
    await vi.advanceTimersByTimeAsync(stall - 1);
    expect(log.error).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(log.error).toHaveBeenCalledExactlyOnceWith("courier.stuck");
    await vi.advanceTimersByTimeAsync(intervals.outboxPoll * 1000);
    expect(ends).toHaveLength(2);
    ends[1]!.resolve();
    await worker.stop();
  });

  it("is run again at once when the worker was woken meanwhile", async () => {
    const { ends } = held();
    start();
    worker.wake();
    await vi.advanceTimersByTimeAsync(stall);
    expect(ends).toHaveLength(2);
    ends[1]!.resolve();
    await worker.stop();
  });

  it("takes no further step when it resumes", async () => {
    let step = () => {};
    jobs.deliver.mockImplementationOnce((_world, _mailer, progress: () => void) => {
      step = progress;
      return new Promise(() => {});
    });
    start();
    await vi.advanceTimersByTimeAsync(stall);
    expect(step).toThrow();
    await worker.stop();
  });

  it("is not stuck as long as it takes steps", async () => {
    let end = () => {};
    jobs.deliver.mockImplementationOnce(async (_world, _mailer, progress: () => void) => {
      const steps = setInterval(progress, stall / 2);
      await new Promise<void>((resolve) => (end = resolve));
      clearInterval(steps);
    });
    start();
    await vi.advanceTimersByTimeAsync(stall * 20);
    expect(log.error).not.toHaveBeenCalled();
    expect(worker.isLate()).toBe(false);
    end();
    await worker.stop();
  });

  it("is followed, not joined, by a second one where both would share one connection", async () => {
    const { ends, most } = held();
    start({ isEmbedded: true });
    worker.wake();
    await vi.advanceTimersByTimeAsync(stall * 5);
    expect(log.error).toHaveBeenCalledExactlyOnceWith("courier.stuck");
    expect(ends).toHaveLength(1);
    expect(worker.isLate()).toBe(true);
    ends[0]!.resolve();
    await flushTimers();
    expect(ends).toHaveLength(2);
    expect(most()).toBe(1);
    ends[1]!.resolve();
    await flushTimers();
    expect(worker.isLate()).toBe(false);
    await worker.stop();
  });

  it.each([false, true])(
    "does not keep the worker from stopping (embedded: %s)",
    async (isEmbedded) => {
      held();
      start({ isEmbedded });
      await vi.advanceTimersByTimeAsync(stall);
      const stopping = worker.stop();
      await expect(stopping).resolves.toBeUndefined();
    },
  );

  it("does not keep a worker from stopping that was told to before", async () => {
    held();
    start({ isEmbedded: true });
    const stopping = worker.stop();
    await vi.advanceTimersByTimeAsync(stall);
    await expect(stopping).resolves.toBeUndefined();
  });
});

describe("a worker is late", () => {
  it("when a job has not finished in time, whether it fails or is stuck", async () => {
    jobs.deliver.mockRejectedValue(new Away());
    start();
    await vi.advanceTimersByTimeAsync(intervals.jobStall * 1000);
    expect(worker.isLate()).toBe(false);
    await vi.advanceTimersByTimeAsync(intervals.outboxPoll * 1000 + 1);
    expect(worker.isLate()).toBe(true);
    jobs.deliver.mockResolvedValue(0);
    await vi.advanceTimersByTimeAsync(intervals.outboxPoll * 1000);
    expect(worker.isLate()).toBe(false);
    await worker.stop();
  });

  it("when the purge has not finished in time", async () => {
    jobs.purge.mockRejectedValue(new Away());
    start();
    await vi.advanceTimersByTimeAsync((intervals.purge + intervals.jobStall) * 1000 + 1);
    expect(worker.isLate()).toBe(true);
    await worker.stop();
  });
});

describe("a worker that is told to stop", () => {
  it("stops when the current job is done, and not before", async () => {
    const { ends } = held();
    start();
    let stopped = false;
    const stopping = worker.stop().then(() => (stopped = true));
    await flushTimers();
    expect(stopped).toBe(false);
    ends[0]!.resolve();
    await stopping;
    expect(stopped).toBe(true);
  });

  it("stops although the last job failed", async () => {
    const { ends } = held();
    start();
    const stopping = worker.stop();
    ends[0]!.reject(new Error("a bug"));
    await expect(stopping).resolves.toBeUndefined();
  });

  it("starts nothing new, whether it was woken before or after", async () => {
    const { ends } = held();
    start();
    worker.wake();
    const stopping = worker.stop();
    worker.wake();
    ends[0]!.resolve();
    await stopping;
    worker.wake();
    await vi.advanceTimersByTimeAsync(intervals.purge * 1000 * 3);
    expect(ends).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the maintenance of the embedded database", () => {
  const pause = () => vi.advanceTimersByTimeAsync(intervals.embeddedMaintenance * 1000);

  it("makes a checkpoint once the WAL is large, and looks again after each pause", async () => {
    wal = bounds.embeddedWalBytes;
    start({ isEmbedded: true });
    await flushTimers();
    expect(statements).toEqual(["select"]);
    wal += 1;
    await pause();
    expect(statements).toEqual(["select", "select", "checkpoint"]);
    await worker.stop();
  });

  it("vacuums once in each interval, at the earliest when the first is over", async () => {
    start({ isEmbedded: true });
    await vi.advanceTimersByTimeAsync((intervals.embeddedVacuum - 1) * 1000);
    expect(statements).not.toContain("vacuum");
    await vi.advanceTimersByTimeAsync(intervals.embeddedVacuum * 1000);
    expect(statements.filter((one) => one === "vacuum")).toHaveLength(1);
    await worker.stop();
  });

  it("is left to Postgres, where there is one", async () => {
    wal = bounds.embeddedWalBytes * 2;
    start();
    await vi.advanceTimersByTimeAsync(intervals.embeddedVacuum * 2000);
    expect(statements).toEqual([]);
    await worker.stop();
  });
});
