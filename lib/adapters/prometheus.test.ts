import { expect, test } from "vitest";
import { passingChecks } from "@/test/support/health";
import { type Gauges, prometheus } from "./prometheus";

const build = { version: "1.2.3", node: "v20.0.0" };
const quiet: Gauges = {
  health: () => Promise.resolve(passingChecks),
  pool: () => ({ size: 10, busy: 3, waiting: 2 }),
  queuedMail: () => Promise.resolve({ count: 4, oldestSeconds: 90 }),
};

/** The samples that begin with our prefix, by name and labels. */
async function samplesOf({ text }: { text: () => Promise<string> }) {
  const samples = (await text()).split("\n").filter((one) => one.startsWith("latchkey_"));
  return Object.fromEntries(samples.map((one) => one.split(/ (?=[^ ]+$)/)) as [string, string][]);
}

test("what ended is counted by flow, method and outcome", async () => {
  const { metrics, page } = prometheus(build);
  metrics.flowEnded("password.sign_in", "ok", 0.02);
  metrics.flowEnded("password.sign_in", "wrong_password", 0.03);
  metrics.signInEnded("password" as never, "ok");
  metrics.signInEnded(null, "unavailable");
  metrics.limiterFellBack();
  metrics.hashesQueued(7);
  metrics.hashWaited(0.3);
  metrics.letterEnded("delayed");
  expect(await samplesOf(page(quiet))).toMatchObject({
    'latchkey_build_info{version="1.2.3",node="v20.0.0"}': "1",
    'latchkey_flow_runs_total{flow="password.sign_in",outcome="ok"}': "1",
    'latchkey_flow_runs_total{flow="password.sign_in",outcome="wrong_password"}': "1",
    'latchkey_flow_duration_seconds_bucket{le="0.025",flow="password.sign_in"}': "1",
    'latchkey_flow_duration_seconds_count{flow="password.sign_in"}': "2",
    'latchkey_sign_ins_total{method="password",outcome="ok"}': "1",
    'latchkey_sign_ins_total{method="unknown",outcome="unavailable"}': "1",
    latchkey_limiter_fallbacks_total: "1",
    latchkey_hash_queue_length: "7",
    'latchkey_hash_wait_seconds_bucket{le="0.5"}': "1",
    'latchkey_letters_total{outcome="delayed"}': "1",
    'latchkey_letters_total{outcome="sent"}': "0",
  });
});

test("the gauges are measured when they are read", async () => {
  const { page } = prometheus(build);
  expect(
    await samplesOf(
      page({
        ...quiet,
        health: () => Promise.resolve({ ...passingChecks, mail: "warn", database: "fail" }),
      }),
    ),
  ).toMatchObject({
    'latchkey_health{part="mail"}': "0.5",
    'latchkey_health{part="database"}': "0",
    'latchkey_health{part="clock"}': "1",
    'latchkey_database_pool{state="busy"}': "3",
    'latchkey_database_pool{state="idle"}': "7",
    'latchkey_database_pool{state="waiting"}': "2",
    latchkey_mail_queue_length: "4",
    latchkey_mail_queue_age_seconds: "90",
  });
});

test("while the database is unavailable, nothing is said about its mail", async () => {
  const { page } = prometheus(build);
  const queuedMail = () => Promise.reject(new Error("unavailable"));
  const samples = await samplesOf(page({ ...quiet, queuedMail }));
  expect(samples.latchkey_mail_queue_age_seconds).toBe("Nan");
});
