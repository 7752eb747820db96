import { createHash } from "node:crypto";
import { constantTimeEqual } from "@/lib/core/crypto";
import { getWorld } from "@/lib/runtime/world";
import { noStore } from "./problem";

/**
 * The metrics for a program that presents `METRICS_TOKEN` as a bearer token (RFC 6750). Without the
 * setting there is nothing here, as at any other unused path.
 */
export async function respondToMetrics({ headers }: Request): Promise<Response> {
  const { env, metricsPage } = getWorld();
  if (!metricsPage || !env.metricsToken) return plain("Not found", 404);
  const [, token = ""] = /^Bearer ([^ ]+)$/i.exec(headers.get("authorization") ?? "") ?? [];
  // Hashes have one length, whatever is presented.
  if (!constantTimeEqual(hashOf(token), hashOf(env.metricsToken)))
    return plain("Unauthorized", 401, { "WWW-Authenticate": 'Bearer realm="metrics"' });
  const text = await metricsPage.text();
  return new Response(text, {
    headers: { "Content-Type": metricsPage.contentType, ...noStore },
  });
}

const hashOf = (text: string) => createHash("sha256").update(text).digest("base64url");

const plain = (text: string, status: number, headers: Record<string, string> = {}) =>
  new Response(`${text}\n`, {
    status,
    headers: { "Content-Type": "text/plain; charset=utf-8", ...noStore, ...headers },
  });
