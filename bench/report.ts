import { oauthProviderIds, oauthProviders } from "@/lib/core/oauth-providers";
import type { Who, Work } from "./comparisons";
import { works } from "./comparisons";
import type { Figures } from "./load";
import type { AskTimes } from "./mail";
import type { PasswordFigures } from "./passwords";
import { type ProviderFigures, travellers, type TripFigures } from "./providers";
import type { Statement } from "./statements";
import { auc, median, quantile } from "./statistics";
import type { Strangers } from "./timing-oracle";
import type { Size, Weight } from "./page-size";

type Pair = Readonly<Record<"latchkey" | "next", number>>;

export interface Round {
  readonly figures: Record<Work, Partial<Record<Who, Figures>>>;
  /** In MB, after the load. */
  readonly memory: Pair;
  /** In milliseconds. */
  readonly start: Pair;
}

export interface Statements {
  readonly byWork: Readonly<Record<Work, readonly Statement[]>>;
  readonly askAndRedeem: readonly Statement[];
  /** The session's, by which it is recognised in the others. */
  readonly lookUp: string;
}

export interface Findings {
  readonly rounds: readonly Round[];
  readonly statements: Statements;
  readonly asks: AskTimes;
  readonly strangers: Strangers;
  readonly passwords: PasswordFigures;
  readonly trips: ProviderFigures;
  readonly weight: Readonly<Record<"latchkey" | "next", Weight>>;
  readonly embeddedMemory: number;
}

/** One line of the table. What could not be measured is not a number, and has met no goal. */
export interface Row {
  readonly work: string;
  readonly figure: string;
  readonly latchkey: number;
  readonly next?: number;
  readonly node?: number;
  /** The median of the rounds' ratios to each floor. */
  readonly timesNext?: number;
  readonly timesNode?: number;
  readonly goal?: string;
  readonly met?: boolean;
}

/** A bound on a figure, or on its ratio to a floor. */
interface Goal {
  readonly minLength?: number;
  readonly most: number;
  readonly times?: "next" | "node";
  /** Worth having, beyond what was promised. */
  readonly then?: true;
}

export const rowsFor = (findings: Findings): Row[] => [
  ...rowsOfWork(findings, "session check", [
    { most: 1.15, times: "next" },
    { most: 1.5, times: "node", then: true },
  ]),
  ...rowsOfWork(findings, "signed-in page", [{ most: 1.1, times: "next" }]),
  ...rowsOfWork(findings, "sign-in page", []),
  ...rowsOfStatements(findings.statements),
  ...rowsOfAsking(findings),
  ...rowsOfPasswords(findings.passwords),
  ...rowsOfTrips(findings.trips),
  ...rowsOfWeight(findings.weight),
  ...rowsOfProcess(findings),
];

const figures: [label: string, pick: (figures: Figures) => number][] = [
  ["requests a second at 8", ({ perSecond }) => perSecond],
  ["p50 ms at 1", ({ p50AtOne }) => p50AtOne],
  ["p99 ms at 1", ({ p99AtOne }) => p99AtOne],
  ["p50 ms at 8", ({ p50AtEight }) => p50AtEight],
  ["p99 ms at 8", ({ p99AtEight }) => p99AtEight],
];

function rowsOfWork({ rounds }: Findings, work: Work, cpuGoals: readonly Goal[]): Row[] {
  const row = (figure: string, pick: (figures: Figures) => number, goal?: Goal) =>
    compare(
      work,
      figure,
      rounds.map((round) => mapped(round.figures[work], pick)),
      goal,
    );
  const [first, ...then] = cpuGoals;
  return [
    row("CPU ms a request", ({ cpu }) => cpu, first),
    ...then.map((goal) => row("CPU ms a request", ({ cpu }) => cpu, goal)),
    ...figures.map(([label, pick]) => row(label, pick)),
  ];
}

function rowsOfStatements({ byWork, askAndRedeem, lookUp }: Statements): Row[] {
  const work = "statements";
  const exactlyOne: Goal = { minLength: 1, most: 1 };
  const none: Goal = { minLength: 0, most: 0 };
  const lookUps = (of: Work) => byWork[of].filter(({ sql }) => sql === lookUp).length;
  return [
    ...works.map((of) =>
      plain(work, of, count("work", byWork[of]), of === "session check" ? exactlyOne : undefined),
    ),
    plain(work, "session check, not prepared", unprepared(byWork["session check"]), none),
    plain(work, "signed-in page, of the session", lookUps("signed-in page"), exactlyOne),
    plain(work, "ask + redeem", count("work", askAndRedeem), { most: 9 }),
    plain(work, "… of these not prepared", unprepared(askAndRedeem)),
    plain(work, "… for limits", count("limit", askAndRedeem)),
    plain(work, "… begin and commit", count("transaction", askAndRedeem)),
  ];
}

const count = (kind: Statement["kind"], among: readonly Statement[]) =>
  among.filter((statement) => statement.kind === kind).length;

const unprepared = (among: readonly Statement[]) =>
  among.filter(({ kind, prepared }) => kind === "work" && !prepared).length;

function rowsOfAsking({ asks: { asked, redeemed }, strangers }: Findings) {
  return [
    plain("ask for a link", "p50 ms at 1", median(asked), { most: 10 }),
    plain("ask for a link", "p99 ms at 1", quantile(asked, 0.99)),
    plain("press the link", "p50 ms at 1", median(redeemed)),
    plain("press the link", "p99 ms at 1", quantile(redeemed, 0.99)),
    ...rowsOfStrangers("link", strangers),
  ];
}

const rowsOfStrangers = (door: string, { unknown, accounts }: Strangers): Row[] =>
  Object.entries(accounts).flatMap(([who, times]) => {
    const work = `${who} against unknown, ${door}`;
    const telling = auc(times, unknown);
    const apart = Math.abs(median(times) - median(unknown));
    return [
      plain(work, "medians apart, ms", apart, { most: 0.2 }),
      plain(work, "AUC", telling, { minLength: 0.45, most: 0.55 }),
      plain(work, "AUC", telling, { minLength: 0.48, most: 0.52, then: true }),
    ];
  });

function rowsOfPasswords(passwords: PasswordFigures): Row[] {
  const { verifyCpu, signInCpu, verifyRate, boundedRate, signInRate, idle, busy } = passwords;
  const { calmMemory, floodMemory, answered } = passwords;
  const work = "password sign-in";
  const [alone, among] = [quantile(idle, 0.99), quantile(busy, 0.99)];
  return [
    plain(work, "CPU ms of one comparison", verifyCpu),
    plain(work, "CPU ms at 8", signInCpu),
    plain(work, "… × one comparison", signInCpu / verifyCpu, { most: 1.35 }),
    plain(work, "… × one comparison", signInCpu / verifyCpu, { most: 1.25, then: true }),
    plain(work, "a second at 8", signInRate),
    plain(work, "… × comparing at 8", signInRate / verifyRate, { minLength: 0.75, most: Infinity }),
    plain(work, "… × comparing with our bound", signInRate / boundedRate),
    ...rowsOfStrangers("wrong password", passwords.strangers),
    plain("session check among 32 sign-ins", "p50 ms", median(busy)),
    plain("session check among 32 sign-ins", "p99 ms", among),
    plain("session check among 32 sign-ins", "p99 × its own when idle", among / alone, { most: 3 }),
    plain("500 sign-ins at once", "MB more", floodMemory - calmMemory),
    ...Object.entries(answered).map(([status, n]) =>
      plain("500 sign-ins at once", `answered ${status}`, n),
    ),
  ];
}

const tripFigures: [label: string, pick: (figures: TripFigures) => number][] = [
  ["CPU ms a trip", ({ cpu }) => cpu],
  ["set out, p50 ms at 1", ({ setOutAtOne }) => setOutAtOne],
  ["set out, p50 ms at 8", ({ setOutAtEight }) => setOutAtEight],
  ["back, p50 ms at 1", ({ backAtOne }) => backAtOne],
  ["back, p50 ms at 8", ({ backAtEight }) => backAtEight],
];

/** The floor is the exchange with the provider alone: no page, no database. */
function rowsOfTrips({ rounds, statements, strangers }: ProviderFigures): Row[] {
  const kinds = oauthProviderIds.flatMap((provider) =>
    travellers.map((who) => ({ provider, who })),
  );
  return [
    ...kinds.flatMap(({ provider, who }) => {
      const work = `trip to ${oauthProviders[provider].name}, ${who}`;
      const { setOut, back } = statements[provider][who];
      const both = [...setOut, ...back];
      return [
        ...tripFigures.map(([label, pick]) =>
          compare(
            work,
            label,
            rounds.map((round) => mapped(round[provider][who], pick)),
          ),
        ),
        plain(work, "set out, statements", count("work", setOut)),
        plain(work, "back, statements", count("work", back)),
        plain(work, "… of both not prepared", unprepared(both)),
        plain(work, "… for limits", count("limit", both)),
        plain(work, "… begin and commit", count("transaction", both)),
      ];
    }),
    ...rowsOfStrangers("trip, not vouched for", strangers),
  ];
}

function rowsOfWeight(weight: Findings["weight"]): Row[] {
  const work = "sign-in page, first visit";
  const { latchkey, next } = weight;
  const row = (label: string, pick: (weight: Weight) => Size, goal?: Goal): Row[] => [
    compare(work, `${label}, KB sent`, [mapped(weight, (one) => pick(one).wire / 1024)]),
    compare(work, `${label}, KB unpacked`, [mapped(weight, (one) => pick(one).raw / 1024)], goal),
  ];
  // Client components of ours would come along with Next's scripts: whatever the bare app lacks.
  const amongNexts = Math.max(0, latchkey.nextScript.raw - next.nextScript.raw);
  return [
    ...row("HTML", ({ html }) => html),
    ...row("Next's script", ({ nextScript }) => nextScript),
    ...row("styles", ({ css }) => css, { most: 8 }),
    plain(work, "our script, KB sent", latchkey.ownScript.wire / 1024),
    plain(work, "our script, KB unpacked", (latchkey.ownScript.raw + amongNexts) / 1024, {
      most: 3,
    }),
  ];
}

function rowsOfProcess({ rounds, embeddedMemory }: Findings): Row[] {
  const memory = rounds.map((round) => round.memory);
  const start = rounds.map((round) => round.start);
  return [
    compare("memory after load", "MB on Postgres", memory, { most: 1.15, times: "next" }),
    plain("memory after load", "MB on PGlite", embeddedMemory),
    compare("start to first page", "ms", start, { most: 1.2, times: "next" }),
  ];
}

function plain(work: string, figure: string, value: number, goal?: Goal): Row {
  return { work, figure, latchkey: value, ...(goal ? judged(value, goal) : {}) };
}

/** Medians of everybody's values, and of the ratios within each round. */
function compare(
  work: string,
  figure: string,
  rounds: readonly Partial<Record<Who, number>>[],
  goal?: Goal,
): Row {
  const valueOf = (who: Who) => median(rounds.map((round) => round[who] ?? NaN));
  const times = (who: Who) =>
    median(rounds.map((round) => (round.latchkey ?? NaN) / (round[who] ?? NaN)));
  const has = (who: Who) => rounds.some((round) => round[who] !== undefined);
  return {
    work,
    figure,
    latchkey: valueOf("latchkey"),
    ...(has("next") ? { next: valueOf("next"), timesNext: times("next") } : {}),
    ...(has("node") ? { node: valueOf("node"), timesNode: times("node") } : {}),
    ...(goal ? judged(goal.times ? times(goal.times) : valueOf("latchkey"), goal) : {}),
  };
}

function judged(value: number, { minLength = -Infinity, most, times, then }: Goal) {
  const range =
    most === Infinity
      ? `≥ ${minLength}`
      : minLength === most
        ? `${most}`
        : minLength > -Infinity
          ? `${minLength}–${most}`
          : `≤ ${most}`;
  const goal = `${range}${times ? ` × ${times}` : ""}${then ? ", further" : ""}`;
  return { goal, met: value >= minLength && value <= most };
}

const mapped = <T>(by: Partial<Record<Who, T>>, pick: (of: T) => number) =>
  Object.fromEntries(Object.entries(by).map(([who, of]) => [who, pick(of)])) as Partial<
    Record<Who, number>
  >;
