import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { PoolUse } from "@/db/client";
import { bounds } from "@/lib/core/policy";
import type { Health, Metrics, MetricsPage } from "@/lib/runtime/ports";

/** Where the gauges are read when Prometheus asks. */
export interface Gauges {
  readonly health: () => Promise<Health>;
  readonly pool: () => PoolUse | null;
  /** Rejects while the database is unavailable; then the page has no values for it. */
  readonly queuedMail: () => Promise<{ readonly count: number; readonly oldestSeconds: number }>;
}

interface Build {
  readonly version: string;
  readonly node: string;
}

/**
 * The metrics of this process for Prometheus (X6). Each process of an installation has its own; mail that
 * waits is the same for all of them.
 */
export function prometheus({ version, node }: Build): {
  metrics: Metrics;
  page: (gauges: Gauges) => MetricsPage;
} {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    ...{ name: "latchkey_build_info", help: "The running version.", registers },
    labelNames: ["version", "node"],
  }).set({ version, node }, 1);

  const flowDuration = new Histogram({
    ...{ name: "latchkey_flow_duration_seconds", help: "How long flows ran.", registers },
    labelNames: ["flow"],
    buckets: [...bounds.flowDurationBuckets],
  });
  const flowRuns = new Counter({
    name: "latchkey_flow_runs_total",
    help: 'Runs of flows by outcome: "ok", the code of a refusal, or "failed" for a bug.',
    labelNames: ["flow", "outcome"],
    registers,
  });
  const signIns = new Counter({
    name: "latchkey_sign_ins_total",
    help: 'Attempts to sign in by method and outcome; "unfinished" needs another step.',
    labelNames: ["method", "outcome"],
    registers,
  });
  const fallbacks = new Counter({
    name: "latchkey_limiter_fallbacks_total",
    help: "Limits that were counted in Postgres because Redis failed.",
    registers,
  });
  const hashQueue = new Gauge({
    name: "latchkey_hash_queue_length",
    help: "Password hashes that wait for their turn.",
    registers,
  });
  const hashWait = new Histogram({
    ...{ name: "latchkey_hash_wait_seconds", help: "How long hashes waited.", registers },
    buckets: [...bounds.hashWaitBuckets],
  });
  const letters = new Counter({
    name: "latchkey_letters_total",
    help: "Attempts to send an email by outcome.",
    labelNames: ["outcome"],
    registers,
  });
  // Counters of outcomes that never happened are 0, so that the first one counts as an increase.
  for (const outcome of ["sent", "delayed", "refused"]) letters.inc({ outcome }, 0);

  const metrics: Metrics = {
    flowEnded(flow, outcome, seconds) {
      flowRuns.inc({ flow, outcome });
      flowDuration.observe({ flow }, seconds);
    },
    signInEnded: (method, outcome) => signIns.inc({ method: method ?? "unknown", outcome }),
    limiterFellBack: () => fallbacks.inc(),
    hashesQueued: (count) => hashQueue.set(count),
    hashWaited: (seconds) => hashWait.observe(seconds),
    letterEnded: (outcome) => letters.inc({ outcome }),
  };

  const page = ({ health, pool, queuedMail }: Gauges): MetricsPage => {
    const status = new Gauge({
      name: "latchkey_health",
      help: "The health of each part: 1 pass, 0.5 warn, 0 fail.",
      labelNames: ["part"],
      registers,
    });
    const connections = new Gauge({
      name: "latchkey_database_pool",
      help: "Connections to Postgres by state, and callers that wait for one.",
      labelNames: ["state"],
      registers,
    });
    const mail = new Gauge({
      name: "latchkey_mail_queue_length",
      help: "Emails that wait to be sent.",
      registers,
    });
    const oldest = new Gauge({
      name: "latchkey_mail_queue_age_seconds",
      help: "For how long the oldest email that is due has waited.",
      registers,
    });
    return {
      contentType: registry.contentType,
      async text() {
        // One after the other: a scrape must not use several connections of the pool.
        for (const [part, found] of Object.entries(await health()))
          status.set({ part }, { pass: 1, warn: 0.5, fail: 0 }[found]);
        const use = pool();
        if (use) {
          connections.set({ state: "busy" }, use.busy);
          connections.set({ state: "idle" }, use.size - use.busy);
          connections.set({ state: "waiting" }, use.waiting);
        }
        const queued = await queuedMail().catch(() => null);
        mail.set(queued?.count ?? NaN);
        oldest.set(queued?.oldestSeconds ?? NaN);
        return registry.metrics();
      },
    };
  };
  return { metrics, page };
}
