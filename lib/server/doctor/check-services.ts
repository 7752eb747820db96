import type { Env } from "@/lib/core/env";
import { intervals } from "@/lib/core/policy";
import { oauthMethods } from "@/lib/methods";
import type { Clock } from "@/lib/runtime/ports";
import { type Found, found } from "./findings";

// Adapters are loaded only when configured, as by the server.

/** How emails are sent. Signs in to the mail server and sends nothing. */
export async function checkMail({ mail, mailFrom }: Pick<Env, "mail" | "mailFrom">) {
  switch (mail.by) {
    case "local":
      return [found("mail_local")];
    case "smtp":
      return checkSmtp(mail.url, mailFrom.address);
    case "resend":
      return checkResend(mail, mailFrom.address);
  }
}

async function checkSmtp(url: string, from: string): Promise<Found[]> {
  const { trySmtp } = await import("@/lib/adapters/smtp");
  const { host: server, username } = new URL(url);
  const problem = await trySmtp(url);
  if (problem) return [found(`smtp_${problem.kind}`, { explanation: problem.explanation })];
  return username
    ? [found("smtp_ready", { server, from })]
    : [found("smtp_without_login", { server })];
}

async function checkResend(
  { key, baseUrl }: Env["mail"] & { by: "resend" },
  from: string,
): Promise<Found[]> {
  const { tryResend } = await import("@/lib/adapters/resend");
  const state = await tryResend(key, baseUrl, from);
  if (typeof state === "object")
    return [found(`resend_${state.kind}`, { explanation: state.explanation })];
  return state === "domain_unverified"
    ? [found("resend_domain_unverified", { domain: from.split("@")[1] ?? "" })]
    : [found(`resend_${state}`)];
}

/** The Redis of limits; nothing without one. */
export async function checkRedis({ redis }: Pick<Env, "redis">): Promise<Found[]> {
  if (!redis) return [];
  const { tryRedis } = await import("@/lib/adapters/redis-probe");
  const state = await tryRedis(redis);
  if (state.kind !== "ready") return [found(`redis_${state.kind}`, state)];
  const { tookMs: milliseconds, evictionPolicy: policy } = state;
  return [
    found(milliseconds > intervals.redisTimeoutMs ? "redis_slow" : "redis_ready", { milliseconds }),
    ...(policy && policy !== "noeviction" ? [found("redis_evicts", { policy })] : []),
  ];
}

/** Each provider with keys: its metadata and signing keys, and what to register there. */
export async function checkProviders(
  { providers, origin }: Pick<Env, "providers" | "origin">,
  clock: Clock,
): Promise<Found[]> {
  const [{ discoveryFor }, { ProviderError }] = await Promise.all([
    import("@/lib/adapters/oidc-discovery"),
    import("@/lib/adapters/oidc-fetch"),
  ]);
  const checks = oauthMethods().map(async ({ id, oauth: { name: provider } }) => {
    const issuer = providers[id]?.issuer;
    if (!issuer) return [];
    const discovery = discoveryFor(issuer, clock);
    try {
      await discovery.discovery();
      await discovery.keys();
      const redirect = `${origin.origin}/api/auth/callback/${id}`;
      return [found("provider_ready", { provider, redirect })];
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      const reason = error.message;
      const isUnreachable = /^(timeout|unreachable|status_(429|5\d\d))$/.test(reason);
      const setting = `AUTH_${id.toUpperCase()}_ISSUER`;
      return [
        isUnreachable
          ? found("provider_unreachable", { provider, issuer, reason })
          : found("provider_issuer_wrong", { provider, issuer, reason, setting }),
      ];
    }
  });
  return (await Promise.all(checks)).flat();
}
