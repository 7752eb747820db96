import { type Duration, exactly, seconds } from "@/lib/core/duration";
import { stat } from "node:fs/promises";
import type { Env } from "@/lib/core/env";
import type { Clock } from "@/lib/runtime/ports";
import { bounds, lifetimes } from "@/lib/core/policy";
import { type Found, found } from "./findings";

/** The keys, and how long what each protects may still be used after a rotation. */
const keys = [
  ["AUTH_SECRET", "authSecret", lifetimes.oauthAttempt],
  ["TOKEN_KEY", "tokenKey", seconds(lifetimes.queuedEmail + lifetimes.emailCode)],
  ["OUTBOX_KEY", "outboxKey", lifetimes.returnUrl],
  ["AUDIT_KEY", "auditKey", lifetimes.auditLog],
] as const satisfies readonly (readonly [string, keyof Env, Duration])[];

/** Where generated keys are, and which of the keys come from there. */
export interface KeysFile {
  readonly path: string;
  /** Keys that are neither set nor stored; the first start creates them. */
  readonly missing: readonly string[];
}

/** Looks at the keys of a valid environment, and at the file of the generated ones. */
export async function checkKeys(
  env: Pick<Env, "authSecret" | "tokenKey" | "outboxKey" | "auditKey">,
  file: KeysFile | null,
  clock: Clock,
): Promise<Found[]> {
  const findings: Found[] = [];
  for (const [name, field, wait] of keys) {
    const [current, previous] = env[field];
    if (isWeak(current)) findings.push(found("key_weak", { name }));
    if (!previous) continue;
    findings.push(
      isWeak(previous)
        ? found("key_weak", { name: `${name}_PREVIOUS` })
        : found("key_rotating", { name: `${name}_PREVIOUS`, wait: exactly(wait) }),
    );
  }
  if (file) findings.push(...(await checkFile(file, clock)));
  return findings;
}

const isWeak = (key: string) => new Set(Buffer.from(key, "base64url")).size < bounds.keyBytes;

async function checkFile({ path, missing }: KeysFile, clock: Clock): Promise<Found[]> {
  const findings: Found[] = [];
  if (missing.length > 0)
    findings.push(found("keys_not_created", { names: missing.join(", "), file: path }));
  const stats = await stat(path).catch(() => null);
  if (!stats) return findings;
  const days = Math.floor((clock.now().getTime() - stats.mtimeMs) / 86_400_000);
  findings.push(found("keys_file_used", { file: path, days: Math.max(0, days) }));
  // Windows has other access rights.
  if (process.platform !== "win32" && (stats.mode & 0o077) !== 0)
    findings.push(found("keys_file_readable", { file: path }));
  return findings;
}
