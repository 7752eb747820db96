import { z } from "zod";
import { connectionCause } from "@/lib/adapters/connection-causes";
import type { Env } from "@/lib/core/env";
import { intervals } from "@/lib/core/policy";
import { type Found, found } from "./findings";

/** What the number of proxies means for the address that limits and sessions see. */
export const checkProxies = ({ trustedProxyHops: hops }: Pick<Env, "trustedProxyHops">) => [
  hops === 0 ? found("proxy_headers_ignored") : found("proxy_hops_trusted", { hops }),
];

const statuses = z.object({ checks: z.record(z.string(), z.enum(["pass", "warn", "fail"])) });

/** Asks the server on this machine how it is; without one that is no problem. */
export async function checkServer(at: { readonly host: string; readonly port: string }) {
  const host = /^(0\.0\.0\.0|::|\[::\])$/.test(at.host) ? "127.0.0.1" : at.host;
  const address = `http://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${at.port}`;
  const response = await get(`${address}/readyz`);
  if ("error" in response) return [found("server_not_running", { address })];
  const { success, data } = statuses.safeParse(response.json);
  if (!success) return [found("port_used", { address })];
  const partsThat = (status: string) =>
    Object.entries(data.checks)
      .filter(([, one]) => one === status)
      .map(([name]) => name)
      .join(", ");
  const [failing, warning] = [partsThat("fail"), partsThat("warn")];
  if (failing) return [found("server_not_ready", { address, parts: failing })];
  return warning
    ? [found("server_degraded", { address, parts: warning })]
    : [found("server_ready", { address })];
}

/**
 * Requests the session of nobody at a public URL, as browsers do: the response shows whether it leads to
 * Latchkey, and whether the proxies pass on scheme and host. No response shows which client IP the server
 * sees.
 */
export async function checkOrigin(
  url: string,
  { origin }: Pick<Env, "origin">,
  at: { readonly host: string; readonly port: string },
): Promise<Found[]> {
  const own = URL.canParse(url) ? new URL(url).origin : url;
  const findings: Found[] =
    own === origin.origin ? [] : [found("origin_not_origin", { url: own, origin: origin.origin })];
  const response = await get(`${own}/api/v1/session`);
  if ("error" in response) {
    const peer = { server: own, setting: "AUTH_URL", timeout: intervals.doctorRequest };
    const explanation =
      connectionCause(response.error, peer) ?? `The request failed: ${reasonOf(response.error)}.`;
    return [...findings, found("origin_unreachable", { url: own, explanation })];
  }
  const { status, location, json, headers } = response;
  const isToItself = location !== null && location.startsWith(`${origin.origin}/api/v1/session`);
  const { code } = z.object({ code: z.string() }).catch({ code: "" }).parse(json);
  // A server on a loopback origin refuses every other host.
  if (code === "misdirected_request" || code === "redirect_loop" || isToItself) {
    const isByScheme = own.startsWith("https:") && code !== "misdirected_request";
    return [
      ...findings,
      found(isByScheme ? "proxy_scheme_wrong" : "proxy_host_wrong", { url: own }),
    ];
  }
  const isOurs = status === 200 && headers.get("content-type")?.startsWith("application/json");
  if (isOurs) return [...findings, found("origin_ready", { url: own })];
  const address = `http://${at.host}:${at.port}`;
  return [
    ...findings,
    found("origin_elsewhere", { url: own, status: `status ${status}`, address }),
  ];
}

const reasonOf = (error: unknown) =>
  String(error instanceof Error && error.cause ? error.cause : error);

interface Received {
  readonly status: number;
  readonly location: string | null;
  readonly headers: Headers;
  /** Undefined for what is no JSON. */
  readonly json: unknown;
}

async function get(url: string): Promise<Received | { readonly error: unknown }> {
  try {
    const response = await fetch(url, {
      redirect: "manual",
      cache: "no-store",
      signal: AbortSignal.timeout(intervals.doctorRequest * 1000),
    });
    const { status, headers } = response;
    const json: unknown = await response.json().catch(() => undefined);
    return { status, headers, location: headers.get("location"), json };
  } catch (error) {
    return { error };
  }
}
