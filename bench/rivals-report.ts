import type { Figures } from "./load";
import type { PageSize } from "./page-size";
import { mapped } from "./report";
import { type By, type Contender, type LinkFigures, linkUsers, type RivalFindings } from "./rivals";
import type { Statement } from "./statements";
import { auc, median } from "./statistics";

/** One row of the table: medians of the rounds, or of the ratios within each round. */
export interface RivalRow {
  readonly work: string;
  readonly figure: string;
  readonly values: By<Contender, number>;
  readonly goal?: string;
  readonly met?: boolean;
}

type Rounds = readonly By<Contender, number>[];

export function rivalRowsFor(findings: RivalFindings): RivalRow[] {
  const { rounds, statements, pageSize, wrongPasswords } = findings;
  const of = (work: keyof (typeof rounds)[number]["figures"], pick: (of: Figures) => number) =>
    rounds.map(({ figures }) => mapped<Contender, Figures>(figures[work], pick));
  const cpu = ({ cpu }: Figures) => cpu;
  const rate = ({ perSecond }: Figures) => perSecond;
  const passwordCpu = rounds.map(({ passwords }) => mapped(passwords, ({ cpu }) => cpu));
  const passwordRate = rounds.map(({ passwords }) => mapped(passwords, (one) => one.perSecond));
  const memory = rounds.map((round) => round.memory);
  const start = rounds.map((round) => round.start);
  const script = ({ nextScript, ownScript }: PageSize) => (nextScript.raw + ownScript.raw) / 1024;
  return [
    row("session check", "CPU ms a request", of("session check", cpu)),
    ratios("session check", "… × bare Node", of("session check", cpu), "node"),
    row("session check", "requests a second at 8", of("session check", rate)),
    row("sign-in page, first visit", "CPU ms a request", of("sign-in page", cpu)),
    ratios("sign-in page, first visit", "… × static page", of("sign-in page", cpu), "next"),
    row("sign-in page, first visit", "script, KB unpacked", [mapped(pageSize, script)]),
    row("signed-in page", "CPU ms a request", of("signed-in page", cpu)),
    ratios("signed-in page", "… × bare Next", of("signed-in page", cpu), "next"),
    row("password sign-in", "CPU ms at 8", passwordCpu),
    ratios("password sign-in", "… × one comparison", passwordCpu, "node"),
    row("password sign-in", "a second at 8", passwordRate),
    row("known against unknown, wrong password", "medians apart, ms", [
      mapped(wrongPasswords, ({ accounts, unknown }) => median(accounts.known!) - median(unknown)),
    ]),
    row("known against unknown, wrong password", "AUC", [
      mapped(wrongPasswords, ({ accounts, unknown }) => auc(accounts.known!, unknown)),
    ]),
    ...linkUsers.flatMap((user) => {
      const work = `link, ${user} user`;
      const each = (pick: (of: LinkFigures) => number) =>
        rounds.map(({ links }) => mapped(links[user], pick));
      const linkCpu = each(({ cpu }) => cpu);
      const [requested, redeemed] = [each((of) => of.requested), each((of) => of.redeemed)];
      return [
        row(work, "CPU ms, request + redeem", linkCpu),
        belowOne(ratios(work, "… × better-auth", linkCpu, "betterAuth")),
        row(work, "request, p50 ms at 8", requested),
        row(work, "redeem, p50 ms at 8", redeemed),
      ];
    }),
    ...rowsOfStatements(statements),
    row("memory after load", "MB", memory),
    ratios("memory after load", "… × bare Next", memory, "next"),
    row("start to first page", "ms", start),
    ratios("start to first page", "… × bare Next", start, "next"),
  ];
}

function rowsOfStatements(statements: RivalFindings["statements"]): RivalRow[] {
  const works = Object.keys(statements.latchkey ?? {});
  const counted = (work: string, kinds: readonly Statement["kind"][]) => [
    mapped(statements, (by) => by[work]?.filter(({ kind }) => kinds.includes(kind)).length ?? NaN),
  ];
  return works.flatMap((work) => [
    row("statements", work, counted(work, ["work"])),
    ...(/page|check/.test(work)
      ? []
      : [row("statements", "… limits, begin, commit", counted(work, ["limit", "transaction"]))]),
  ]);
}

function row(work: string, figure: string, rounds: Rounds): RivalRow {
  const names = new Set(rounds.flatMap((round) => Object.keys(round) as Contender[]));
  const values = [...names].map((who) => [who, median(rounds.map((round) => round[who] ?? NaN))]);
  return { work, figure, values: Object.fromEntries(values) as RivalRow["values"] };
}

const ratios = (work: string, figure: string, rounds: Rounds, base: Contender) =>
  row(
    work,
    figure,
    rounds.map((round) => mapped(round, (value: number) => value / (round[base] ?? NaN))),
  );

const belowOne = (of: RivalRow): RivalRow => ({
  ...of,
  goal: "< 1",
  met: (of.values.latchkey ?? NaN) < 1,
});
