import type { Who, Work } from "./comparisons";
import { works } from "./comparisons";
import type { Figures } from "./load";
import type { LinkTimes } from "./mail";
import type { PasswordFigures } from "./passwords";
import {
  type OAuthFigures,
  type ProviderFigures,
  providerIds,
  providerNames,
  userKinds,
} from "./providers";
import type { Statement } from "./statements";
import { auc, median, quantile } from "./statistics";
import type { TimesByAccount } from "./timing-oracle";
import type { Size, PageSize } from "./page-size";

export type Pair = Readonly<Record<"latchkey" | "next", number>>;

export interface Round {
  readonly figures: Record<Work, Partial<Record<Who, Figures>>>;
  /** In MB, after the load. */
  readonly memory: Pair;
  /** In milliseconds. */
  readonly start: Pair;
}

export interface Statements {
  readonly byWork: Readonly<Record<Work, readonly Statement[]>>;
  readonly requestAndRedeem: readonly Statement[];
  /** The statement that looks up the session. */
  readonly lookUp: string;
}

export interface Findings {
  readonly rounds: readonly Round[];
  readonly statements: Statements;
  readonly links: LinkTimes;
  readonly linksByAccount: TimesByAccount;
  readonly passwords: PasswordFigures;
  readonly providers: ProviderFigures;
  readonly pageSize: Readonly<Record<"latchkey" | "next", PageSize>>;
  readonly embeddedMemory: number;
}

/** One row of the table. A value that could not be measured is NaN and meets no goal. */
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
  readonly min?: number;
  readonly max: number;
  readonly times?: "next" | "node";
  /** A further goal, beyond the promised one. */
  readonly further?: true;
}

export const rowsFor = (findings: Findings): Row[] => [
  ...rowsOfWork(findings, "session check", [
    { max: 2, times: "node" },
    { max: 1.5, times: "node", further: true },
  ]),
  ...rowsOfWork(findings, "check for a proxy", [{ max: 2, times: "node" }]),
  ...rowsOfWork(findings, "signed-in page", [{ max: 1.1, times: "next" }]),
  ...rowsOfWork(findings, "sign-in page", [
    { max: 0.3, times: "next" },
    { max: 0.1, times: "next", further: true },
  ]),
  ...rowsOfStatements(findings.statements),
  ...rowsOfLinks(findings),
  ...rowsOfPasswords(findings.passwords),
  ...rowsOfProviders(findings.providers),
  ...rowsOfPageSize(findings.pageSize),
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
  const [first, ...more] = cpuGoals;
  return [
    row("CPU ms a request", ({ cpu }) => cpu, first),
    ...more.map((goal) => row("CPU ms a request", ({ cpu }) => cpu, goal)),
    ...figures.map(([label, pick]) => row(label, pick)),
  ];
}

function rowsOfStatements({ byWork, requestAndRedeem, lookUp }: Statements): Row[] {
  const work = "statements";
  const exactlyOne: Goal = { min: 1, max: 1 };
  const none: Goal = { min: 0, max: 0 };
  const lookUps = (of: Work) => byWork[of].filter(({ sql }) => sql === lookUp).length;
  return [
    ...works.map((of) =>
      plain(work, of, count("work", byWork[of]), of === "session check" ? exactlyOne : undefined),
    ),
    plain(work, "session check, not prepared", unprepared(byWork["session check"]), none),
    plain(work, "signed-in page, of the session", lookUps("signed-in page"), exactlyOne),
    plain(work, "request + redeem", count("work", requestAndRedeem), { max: 9 }),
    plain(work, "… of these not prepared", unprepared(requestAndRedeem)),
    plain(work, "… for limits", count("limit", requestAndRedeem)),
    plain(work, "… begin and commit", count("transaction", requestAndRedeem)),
  ];
}

const count = (kind: Statement["kind"], among: readonly Statement[]) =>
  among.filter((statement) => statement.kind === kind).length;

const unprepared = (among: readonly Statement[]) =>
  among.filter(({ kind, prepared }) => kind === "work" && !prepared).length;

function rowsOfLinks({ links: { inserted, requested, redeemed }, linksByAccount }: Findings) {
  return [
    plain("request a link", "p50 ms at 1", median(requested), { max: 10 }),
    plain("request a link", "… × an insert and commit", median(requested) / median(inserted), {
      max: 1.5,
    }),
    plain("request a link", "p99 ms at 1", quantile(requested, 0.99)),
    plain("redeem the link", "p50 ms at 1", median(redeemed)),
    plain("redeem the link", "p99 ms at 1", quantile(redeemed, 0.99)),
    ...rowsByAccount("link", linksByAccount),
  ];
}

const rowsByAccount = (request: string, { unknown, accounts }: TimesByAccount): Row[] =>
  Object.entries(accounts).flatMap(([who, times]) => {
    const work = `${who} against unknown, ${request}`;
    const distinguishability = auc(times, unknown);
    const difference = Math.abs(median(times) - median(unknown));
    return [
      plain(work, "medians apart, ms", difference, { max: 0.2 }),
      plain(work, "AUC", distinguishability, { min: 0.45, max: 0.55 }),
      plain(work, "AUC", distinguishability, { min: 0.48, max: 0.52, further: true }),
    ];
  });

function rowsOfPasswords(passwords: PasswordFigures): Row[] {
  const { verifyCpu, verifyCpuAtEight, signInCpu, formCpu, newDeviceCpu } = passwords;
  const { verifyRate, boundedRate, signInRate } = passwords;
  const { idle, busy, idleMemory, floodMemory, statuses } = passwords;
  const work = "password sign-in";
  const [alone, among] = [quantile(idle, 0.99), quantile(busy, 0.99)];
  return [
    plain(work, "CPU ms of one comparison", verifyCpu),
    plain(work, "CPU ms at 8", signInCpu),
    plain(work, "… × one comparison", signInCpu / verifyCpu, { max: 1.25 }),
    plain(work, "… × one comparison", signInCpu / verifyCpu, { max: 1.15, further: true }),
    plain(work, "… × one comparison among 8", signInCpu / verifyCpuAtEight),
    plain(work, "CPU ms at 8, by the form", formCpu),
    plain(work, "… × one comparison, by the form", formCpu / verifyCpu, { max: 1.6 }),
    plain(work, "CPU ms at 8, on a new device", newDeviceCpu),
    plain(work, "a second at 8", signInRate),
    plain(work, "… × comparing at 8", signInRate / verifyRate, { min: 0.8, max: Infinity }),
    plain(work, "… × comparing with our bound", signInRate / boundedRate),
    ...rowsByAccount("wrong password", passwords.byAccount),
    plain("session check among 32 sign-ins", "p50 ms", median(busy)),
    plain("session check among 32 sign-ins", "p99 ms", among),
    plain("session check among 32 sign-ins", "p99 × its own when idle", among / alone, { max: 3 }),
    plain("500 sign-ins at once", "MB more", floodMemory - idleMemory),
    ...Object.entries(statuses).map(([status, n]) =>
      plain("500 sign-ins at once", `status ${status}`, n),
    ),
  ];
}

const oauthFigures: [label: string, pick: (figures: OAuthFigures) => number][] = [
  ["CPU ms a sign-in", ({ cpu }) => cpu],
  ["start, p50 ms at 1", ({ startAtOne }) => startAtOne],
  ["start, p50 ms at 8", ({ startAtEight }) => startAtEight],
  ["callback, p50 ms at 1", ({ callbackAtOne }) => callbackAtOne],
  ["callback, p50 ms at 8", ({ callbackAtEight }) => callbackAtEight],
];

/** The floor is the OAuth exchange alone, without pages or a database. */
function rowsOfProviders({ rounds, statements, byAccount }: ProviderFigures): Row[] {
  const kinds = providerIds.flatMap((provider) => userKinds.map((who) => ({ provider, who })));
  return [
    ...kinds.flatMap(({ provider, who }) => {
      const work = `sign-in with ${providerNames[provider]}, ${who}`;
      const { start, callback } = statements[provider][who];
      const both = [...start, ...callback];
      return [
        ...oauthFigures.map(([label, pick]) =>
          compare(
            work,
            label,
            rounds.map((round) => mapped(round[provider][who], pick)),
          ),
        ),
        plain(work, "start, statements", count("work", start)),
        plain(work, "callback, statements", count("work", callback)),
        plain(work, "… of both not prepared", unprepared(both)),
        plain(work, "… for limits", count("limit", both)),
        plain(work, "… begin and commit", count("transaction", both)),
      ];
    }),
    ...rowsByAccount("OAuth, unverified email", byAccount),
  ];
}

function rowsOfPageSize(pageSize: Findings["pageSize"]): Row[] {
  const work = "sign-in page, first visit";
  const { latchkey, next } = pageSize;
  const row = (label: string, pick: (size: PageSize) => Size, goal?: Goal): Row[] => [
    compare(work, `${label}, KB sent`, [mapped(pageSize, (one) => pick(one).sent / 1024)]),
    compare(work, `${label}, KB unpacked`, [mapped(pageSize, (one) => pick(one).raw / 1024)], goal),
  ];
  // Our client components would be in Next's scripts: their part is the excess over the bare app.
  const clientComponents = Math.max(0, latchkey.nextScript.raw - next.nextScript.raw);
  return [
    ...row("HTML", ({ html }) => html),
    ...row("Next's script", ({ nextScript }) => nextScript),
    ...row("styles", ({ css }) => css, { max: 8 }),
    plain(work, "our script, KB sent", latchkey.ownScript.sent / 1024),
    plain(work, "our script, KB unpacked", (latchkey.ownScript.raw + clientComponents) / 1024, {
      max: 3,
    }),
  ];
}

function rowsOfProcess({ rounds, embeddedMemory }: Findings): Row[] {
  const memory = rounds.map((round) => round.memory);
  const start = rounds.map((round) => round.start);
  return [
    compare("memory after load", "MB on Postgres", memory, { max: 1.15, times: "next" }),
    plain("memory after load", "MB on PGlite", embeddedMemory),
    compare("start to first page", "ms", start, { max: 1.2, times: "next" }),
  ];
}

/** From a clone to the first page, against the installation and build of the bare Next app. */
export const rowsOfClone = (rounds: readonly Pair[]): Row[] => [
  compare("from a clone", "seconds", rounds, { max: 1.5, times: "next" }),
];

function plain(work: string, figure: string, value: number, goal?: Goal): Row {
  return { work, figure, latchkey: value, ...(goal ? evaluate(value, goal) : {}) };
}

/** Medians of each server's values, and of the ratios within each round. */
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
    ...(goal ? evaluate(goal.times ? times(goal.times) : valueOf("latchkey"), goal) : {}),
  };
}

function evaluate(value: number, { min = -Infinity, max, times, further }: Goal) {
  const range =
    max === Infinity
      ? `≥ ${min}`
      : min === max
        ? `${max}`
        : min > -Infinity
          ? `${min}–${max}`
          : `≤ ${max}`;
  const goal = `${range}${times ? ` × ${times}` : ""}${further ? ", further" : ""}`;
  return { goal, met: value >= min && value <= max };
}

export const mapped = <W extends string, T>(
  by: Readonly<Partial<Record<W, T>>>,
  pick: (of: T) => number,
) =>
  Object.fromEntries(
    Object.entries<T>(by as Record<W, T>).map(([who, of]) => [who, pick(of)]),
  ) as Partial<Record<W, number>>;
