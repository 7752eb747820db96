import { EnvError, parseEnv, settingsWithoutEffect, type Env } from "@/lib/core/env";
import { intervals } from "@/lib/core/policy";
import { methods } from "@/lib/methods";
import type { Clock } from "@/lib/runtime/ports";
import { checkPostgres } from "./check-database";
import { checkDirectory, checkEmbedded } from "./check-embedded";
import { checkKeys, type KeysFile } from "./check-keys";
import { checkOrigin, checkProxies, checkServer } from "./check-server";
import { checkMail, checkProviders, checkRedis } from "./check-services";
import { type Finding, findingOf, type Found, found } from "./findings";
import { redactor } from "./redact";

/** The settings as the launcher reads them. */
export interface Settings {
  readonly vars: Readonly<Record<string, string | undefined>>;
  /** What the launcher says about settings that it ignores. */
  readonly notes: readonly string[];
  /** Null on a public origin, where no keys are generated. */
  readonly keysFile: KeysFile | null;
}

/** A part of the installation that is looked at, by its name in sentences. */
type Check = readonly [subject: string, look: () => Promise<Found[]>];

/**
 * Looks at the settings, and then at everything that they name, at once. Changes nothing, sends no
 * email, and creates neither keys nor a database. Each check ends after `seconds`, which are
 * `intervals.doctorCheck` by default, with a finding. Findings contain no secret of the settings.
 */
export async function examine(
  { vars, notes, keysFile }: Settings,
  clock: Clock,
  { url, seconds = intervals.doctorCheck }: { url?: string | undefined; seconds?: number } = {},
): Promise<Finding[]> {
  const ignored = notes.map((note) => found("setting_ignored", { note }));
  const env = readEnv(vars);
  const findings = Array.isArray(env)
    ? [...env.map((problem) => found("setting_invalid", { problem })), found("checks_skipped")]
    : [
        ...[...settingsWithoutEffect(env, methods(), vars)].map((reason) =>
          found("setting_without_effect", { reason }),
        ),
        ...(await runAll(checksOf(env, { vars, keysFile, clock, url }), seconds)),
      ];
  return [...ignored, ...findings].map((one) => findingOf(one, redactor(vars)));
}

/** A finding for settings that could not be read at all. */
export const unreadable = (explanation: string): Finding =>
  findingOf(found("settings_unreadable", { explanation }), (text) => text);

function readEnv(vars: Settings["vars"]): Env | string[] {
  try {
    return parseEnv(vars, methods());
  } catch (error) {
    if (error instanceof EnvError) return [...error.problems];
    throw error;
  }
}

function checksOf(
  env: Env,
  {
    vars,
    keysFile,
    clock,
    url,
  }: Pick<Settings, "vars" | "keysFile"> & { clock: Clock; url?: string | undefined },
): Check[] {
  const at = { host: vars["HOST"] ?? "127.0.0.1", port: vars["PORT"] ?? "3000" };
  return [
    ["the keys", () => checkKeys(env, keysFile, clock)],
    ["DATA_DIR", () => checkDirectory(env)],
    env.databaseUrl
      ? ["the database", () => checkPostgres(env, clock)]
      : ["the embedded database", () => checkEmbedded(env, clock)],
    ["email", () => checkMail(env)],
    ["Redis", () => checkRedis(env)],
    ["the providers", () => checkProviders(env, clock)],
    ["the proxies", () => Promise.resolve(checkProxies(env))],
    ["the server", () => checkServer(at)],
    ...(url === undefined ? [] : [[url, () => checkOrigin(url, env, at)] as const]),
  ];
}

async function runAll(checks: readonly Check[], seconds: number): Promise<Found[]> {
  const all = checks.map(async ([subject, look]) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Found[]>((resolve) => {
      timer = setTimeout(resolve, seconds * 1000, [found("check_timed_out", { subject })]);
    });
    const failed = (error: unknown) => [
      found("check_failed", {
        subject,
        reason: error instanceof Error ? error.message : String(error),
      }),
    ];
    return Promise.race([look().catch(failed), late]).finally(() => clearTimeout(timer));
  });
  return (await Promise.all(all)).flat();
}
