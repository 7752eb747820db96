/**
 * `npm run bench` measures Latchkey against the minimum for the same work: a bare Node server and a
 * bare Next app (the floors), with the same session look-up on the same Postgres. Every round measures
 * each server, and a ratio is the median of the rounds' ratios. Ratios are comparable between
 * machines; absolute figures are not. Goals are reported, not enforced: the exit code only says
 * whether the measurement succeeded.
 *
 *   --json        prints JSON
 *   --rounds=7    the number of rounds
 *   --rivals      measures beside better-auth and Auth.js, which it installs for the run
 *   --clone       measures `npm start` from a clone alone; it installs everything in each round
 *   --faults      measures instead sign-ins while Redis, Postgres or the mail server fails
 *   --hostile     measures instead sign-ins beside attackers
 *   --growth      measures instead how cost grows from a thousand to a million users: half an hour, 10 GB.
 *                 Fails when a statement reads a growing table as a whole
 *   --users=1000,100000,1000000   the numbers of users to compare
 */
import { availableParallelism, cpus } from "node:os";
import { build } from "../scripts/build.mjs";
import { exitCode, Failure, main, onSignal } from "../scripts/run.mjs";
import { readSettings } from "../scripts/settings.mjs";
import { measureAdversity } from "./adversity";
import { measureClone } from "./clone";
import {
  checkFloors,
  type Subjects,
  runRound,
  memoryOf,
  needsSession,
  pathOf,
  type Who,
  type Work,
  works,
} from "./comparisons";
import { growingStatements, growthFindings, growthTables, measureGrowth } from "./growth";
import { send } from "./http";
import { type LinkTimes, timeLinks, timeUnknownAddresses } from "./mail";
import { measurePasswords } from "./passwords";
import { openStage, type Stage } from "./postgres";
import { measureProviders } from "./providers";
import { type Findings, type Round, rowsFor, rowsOfClone, type Statements } from "./report";
import { measureRivals } from "./rivals";
import { rivalRowsFor } from "./rivals-report";
import {
  buildFloorNext,
  type LookUp,
  startFloorNext,
  startFloorNode,
  startLatchkey,
} from "./servers";
import { requestLink, newAddress, redeem, signIn } from "./sign-in";
import { shuffled } from "./statistics";
import { adversityColumns, columns, rivalColumns, tableOf } from "./table";
import { measurePageSize } from "./page-size";

const pairsOfAddresses = 400;
const linksPerRound = 40;

const writeResult = process.stdout.write.bind(process.stdout);

await main(async () => {
  onSignal((signal: NodeJS.Signals) => process.exit(exitCode(null, signal)));
  // Standard output has only the result; progress goes to standard error.
  console.log = console.error;
  process.stdout.write = process.stderr.write.bind(process.stderr);
  const rounds = roundsAsked();
  const hardware = { cpu: cpus()[0]?.model ?? "unknown", cores: availableParallelism() };
  const software = { node: process.version, rounds };
  if (process.argv.includes("--clone")) {
    const machine = { ...hardware, ...software };
    const rows = rowsOfClone(await measureClone(rounds));
    return print({ machine, rows }, tableOf(machine, rows, columns));
  }
  await build(readSettings().env);
  if (process.argv.includes("--growth")) return showGrowth(rounds, { ...hardware, ...software });
  const adversity = (["faults", "hostile"] as const).find((kind) =>
    process.argv.includes(`--${kind}`),
  );
  if (adversity) {
    const stage = await openStage();
    const machine = { ...hardware, postgres: stage.version, ...software };
    const rows = await measureAdversity(stage, adversity, rounds);
    return print({ machine, rows }, tableOf(machine, rows, adversityColumns));
  }
  await buildFloorNext();
  const stage = await openStage();
  const machine = { ...hardware, postgres: stage.version, ...software };
  if (process.argv.includes("--rivals")) {
    const { lookUp } = await countStatements(stage);
    const rows = rivalRowsFor(await measureRivals(stage, lookUp, rounds));
    return print({ machine, rows }, tableOf(machine, rows, rivalColumns));
  }
  const findings = await measureAll(stage, rounds);
  const rows = rowsFor(findings);
  const statements = { ...findings.statements, providers: findings.providers.statements };
  print({ machine, rows, statements }, tableOf(machine, rows, columns));
});
// The servers and Postgres end with this process, after a failure too.
process.exit();

function print(result: unknown, table: string): void {
  const text = process.argv.includes("--json") ? JSON.stringify(result, null, 2) : table;
  writeResult(`${text}\n`);
}

async function showGrowth(rounds: number, machine: object): Promise<void> {
  const results = await measureGrowth(usersAsked(), rounds);
  const findings = growthFindings(results);
  print({ machine, ...findings }, growthTables(findings));
  const growing = growingStatements(results);
  if (growing.length > 0) throw new Failure(growing.join("\n"));
}

async function measureAll(stage: Stage, count: number): Promise<Findings> {
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
  const pageSize = {
    latchkey: await measurePageSize(latchkey.origin, "/sign-in"),
    next: await measurePageSize(next.origin, "/static"),
  };
  await checkFloors(subjects);
  for (const work of works) await runRound(work, subjects);

  const rounds: Round[] = [];
  const links: LinkTimes = { inserted: [], requested: [], redeemed: [] };
  for (let n = 1; n <= count; n += 1) {
    console.log(`Round ${n} of ${count} …`);
    rounds.push({
      figures: await runAll(subjects),
      memory: { latchkey: memoryOf(subjects.latchkey), next: memoryOf(subjects.next) },
      start: await timeStart(stage, lookUp),
    });
    const times = await timeLinks(stage, latchkey, linksPerRound);
    links.inserted.push(...times.inserted);
    links.requested.push(...times.requested);
    links.redeemed.push(...times.redeemed);
  }

  console.log("Comparing known and unknown addresses …");
  const linksByAccount = await timeUnknownAddresses(stage, latchkey, pairsOfAddresses);
  for (const { server } of Object.values(subjects)) await server.stop();

  console.log("Passwords …");
  const passwords = await measurePasswords(stage);

  console.log("Providers …");
  const providers = await measureProviders(stage, count);

  console.log("The embedded database …");
  const embeddedMemory = await measureEmbedded();
  return {
    ...{ statements, pageSize, rounds, links, linksByAccount },
    ...{ passwords, providers, embeddedMemory },
  };
}

/** Runs on a server of its own, because logging every statement costs time. */
async function countStatements(stage: Stage): Promise<{ statements: Statements; lookUp: LookUp }> {
  await stage.logStatements(true);
  const latchkey = await startLatchkey(stage.databaseUrl);
  // Twice, because the first use of a connection queries Postgres for its types.
  await signIn(latchkey);
  const cookie = await signIn(latchkey);

  const seen = {} as Record<Work, Statements["byWork"][Work]>;
  for (const work of works) {
    const visit = () =>
      send(latchkey.origin, pathOf(work), { headers: needsSession(work) ? { cookie } : {} });
    await visit();
    seen[work] = await stage.during(visit);
  }
  const requestAndRedeem = await stage.during(async () => {
    const email = newAddress();
    await redeem(latchkey, email, await requestLink(latchkey, email));
  });
  await stage.mailIsOut();
  await latchkey.stop();
  await stage.logStatements(false);

  const [lookUpStatement, ...more] = seen["session check"].filter(({ kind }) => kind === "work");
  if (!lookUpStatement || more.length > 0)
    throw new Failure("The floors need a session check of one statement, and it is no longer one.");
  // Its parameters are the same digest several times.
  const statement = lookUpStatement.sql.replace(/\$\d+/g, "$1");
  const cookieName = cookie.split("=")[0]!;
  return {
    statements: { byWork: seen, requestAndRedeem, lookUp: lookUpStatement.sql },
    lookUp: { databaseUrl: stage.databaseUrl, statement, cookieName },
  };
}

async function runAll(subjects: Subjects): Promise<Round["figures"]> {
  const figures = {} as Round["figures"];
  for (const work of shuffled(works)) figures[work] = await runRound(work, subjects);
  return figures;
}

/** The time from the start of a process to its first page, with everything built and migrated. */
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

/** Memory after one round on the embedded database, which runs in the server's process. */
async function measureEmbedded(): Promise<number> {
  const server = await startLatchkey();
  const latchkey = { server, cookie: await signIn(server), databasePids: [] };
  await runAll({ latchkey });
  const memory = memoryOf(latchkey);
  await server.stop();
  return memory;
}

function valueOf(option: string): string | undefined {
  return process.argv.find((arg) => arg.startsWith(`--${option}=`))?.slice(option.length + 3);
}

function usersAsked(): number[] {
  const sizes = (valueOf("users") ?? "1000,100000,1000000").split(",").map(Number);
  const areValid = sizes.every((size, n) => Number.isInteger(size) && size > (sizes[n - 1] ?? 99));
  if (!areValid) throw new Failure("--users must be rising whole numbers from 100, with commas.");
  return sizes;
}

function roundsAsked(): number {
  const rounds = Number(valueOf("rounds") ?? 7);
  if (!(Number.isInteger(rounds) && rounds >= 1 && rounds <= 100))
    throw new Failure(
      "--rounds must be a whole number from 1 to 100; at least 5 are needed for reliable figures.",
    );
  return rounds;
}
