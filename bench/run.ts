/**
 * `npm run bench`: what Latchkey costs, beside the least the same work can cost: a bare Node server
 * and a bare Next app with the same look-up on the same Postgres. Everybody takes turns in every
 * round, and a ratio is the median of the rounds' ratios, so that it holds on any machine; the
 * absolute figures hold on this one only. Goals are reported, not enforced: the exit code says
 * whether it could be measured.
 *
 *   --json        the same as JSON
 *   --rounds=7    how many rounds
 */
import { availableParallelism, cpus } from "node:os";
import { build } from "../scripts/build.mjs";
import { exitCode, Failure, main, onSignal } from "../scripts/run.mjs";
import { readSettings } from "../scripts/settings.mjs";
import {
  checkFloors,
  type Contestants,
  hold,
  memoryOf,
  needsSession,
  pathOf,
  type Who,
  type Work,
  works,
} from "./comparisons";
import { send } from "./http";
import { type AskTimes, timeAsking, timeStrangers } from "./mail";
import { measurePasswords } from "./passwords";
import { openStage, type Stage } from "./postgres";
import { measureProviders } from "./providers";
import { type Findings, type Round, rowsFor, type Statements } from "./report";
import {
  buildFloorNext,
  type LookUp,
  startFloorNext,
  startFloorNode,
  startLatchkey,
} from "./servers";
import { ask, newAddress, redeem, signIn } from "./sign-in";
import { shuffled } from "./statistics";
import { tableOf } from "./table";
import { checkStrength } from "./page-size";

const pairsOfStrangers = 400;
const asksPerRound = 40;

await main(async () => {
  onSignal((signal: NodeJS.Signals) => process.exit(exitCode(null, signal)));
  // Standard output is for the result; how far we are goes beside it.
  console.log = console.error;
  const rounds = roundsAsked();
  await build(readSettings().env);
  await buildFloorNext();
  const stage = await openStage();
  const findings = await find(stage, rounds);
  const machine = {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    node: process.version,
    postgres: stage.version,
    rounds,
  };
  const rows = rowsFor(findings);
  const statements = { ...findings.statements, trips: findings.trips.statements };
  const result = process.argv.includes("--json")
    ? JSON.stringify({ machine, rows, statements }, null, 2)
    : tableOf(machine, rows);
  process.stdout.write(`${result}\n`);
});
// What still runs, ours and Postgres, ends with this process; after a failure too.
process.exit();

async function find(stage: Stage, count: number): Promise<Findings> {
  console.log("Counting statements …");
  const { statements, lookUp } = await countStatements(stage);

  console.log("Warming up …");
  const latchkey = await startLatchkey(stage.databaseUrl);
  const next = await startFloorNext(lookUp);
  const node = await startFloorNode(lookUp);
  const cookie = await signIn(latchkey);
  const shared = { cookie, databasePids: [stage.pid] };
  const subjects = {
    latchkey: { ...shared, server: latchkey },
    next: { ...shared, server: next },
    node: { ...shared, server: node },
  };
  const weight = {
    latchkey: await checkStrength(latchkey.origin, "/sign-in"),
    next: await checkStrength(next.origin, "/"),
  };
  await checkFloors(subjects);
  for (const work of works) await hold(work, subjects);

  const rounds: Round[] = [];
  const asks: AskTimes = { asked: [], redeemed: [] };
  for (let n = 1; n <= count; n += 1) {
    console.log(`Round ${n} of ${count} …`);
    rounds.push({
      figures: await holdAll(subjects),
      memory: { latchkey: memoryOf(subjects.latchkey), next: memoryOf(subjects.next) },
      start: await timeStart(stage, lookUp),
    });
    const times = await timeAsking(stage, latchkey, asksPerRound);
    asks.asked.push(...times.asked);
    asks.redeemed.push(...times.redeemed);
  }

  console.log("Telling strangers from friends …");
  const strangers = await timeStrangers(stage, latchkey, pairsOfStrangers);
  for (const { server } of Object.values(subjects)) await server.stop();

  console.log("Passwords …");
  const passwords = await measurePasswords(stage);

  console.log("Trips to providers …");
  const trips = await measureProviders(stage, count);

  console.log("The same on the embedded database …");
  const embeddedMemory = await measureEmbedded();
  return { statements, weight, rounds, asks, strangers, passwords, trips, embeddedMemory };
}

/** On a server of its own, because logging every statement is work too. */
async function countStatements(stage: Stage): Promise<{ statements: Statements; lookUp: LookUp }> {
  await stage.logStatements(true);
  const latchkey = await startLatchkey(stage.databaseUrl);
  // Twice, because first uses of a connection ask Postgres for its types.
  await signIn(latchkey);
  const cookie = await signIn(latchkey);

  const seen = {} as Record<Work, Statements["byWork"][Work]>;
  for (const work of works) {
    const visit = () =>
      send(latchkey.origin, pathOf(work), { headers: needsSession(work) ? { cookie } : {} });
    await visit();
    seen[work] = await stage.during(visit);
  }
  const askAndRedeem = await stage.during(async () => {
    const email = newAddress();
    await redeem(latchkey, email, await ask(latchkey, email));
  });
  await stage.mailIsOut();
  await latchkey.stop();
  await stage.logStatements(false);

  const [look, ...more] = seen["session check"].filter(({ kind }) => kind === "work");
  if (!look || more.length > 0 || look.sql.includes("$2"))
    throw new Failure(
      "The floors repeat the session check as one statement with one parameter, and it is no such one any more.",
    );
  const cookieName = cookie.split("=")[0]!;
  return {
    statements: { byWork: seen, askAndRedeem, lookUp: look.sql },
    lookUp: { databaseUrl: stage.databaseUrl, statement: look.sql, cookieName },
  };
}

async function holdAll(subjects: Contestants): Promise<Round["figures"]> {
  const figures = {} as Round["figures"];
  for (const work of shuffled(works)) figures[work] = await hold(work, subjects);
  return figures;
}

/** From a process to its first page, with everything built and migrated. */
async function timeStart(stage: Stage, lookUp: LookUp): Promise<Round["start"]> {
  const starts = {
    latchkey: () => startLatchkey(stage.databaseUrl),
    next: () => startFloorNext(lookUp),
  };
  const times = { latchkey: NaN, next: NaN };
  for (const who of shuffled(Object.keys(starts) as Exclude<Who, "node">[])) {
    const server = await starts[who]();
    times[who] = server.startedInMs;
    await server.stop();
  }
  return times;
}

/** Memory after one round without a Postgres beside it: the database is in the same process. */
async function measureEmbedded(): Promise<number> {
  const server = await startLatchkey();
  const latchkey = { server, cookie: await signIn(server), databasePids: [] };
  await holdAll({ latchkey });
  const memory = memoryOf(latchkey);
  await server.stop();
  return memory;
}

function roundsAsked(): number {
  const asked = process.argv.find((arg) => arg.startsWith("--rounds="))?.slice("--rounds=".length);
  const rounds = Number(asked ?? 7);
  if (!(Number.isInteger(rounds) && rounds >= 1 && rounds <= 100))
    throw new Failure("--rounds is a whole number from 1 to 100; five are the least to rely on.");
  return rounds;
}
