import type { Env, ProviderKeys } from "@/lib/core/env";
import type { Clock, Log, OidcClient } from "@/lib/runtime/ports";
import type { MethodId } from "@/lib/core/method-id";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { verifyIdToken } from "./id-token";
import { type ProviderResponse, requestTimeout, ProviderError } from "./oidc-fetch";
import { discoveryFor } from "./oidc-discovery";

/**
 * Lines to the providers whose keys are set. A line lasts `intervals.providerAnswer` from its first
 * call on, whatever is asked over it; what providers say of themselves is shared by all lines.
 * Throws for a provider without keys.
 */
export function createOidcClients(
  { providers }: Env,
  clock: Clock,
  log: Log,
): (provider: MethodId) => OidcClient {
  const known = new Map<MethodId, () => OidcClient>();
  return (provider) => {
    const keys = providers[provider];
    if (!keys) throw new Error(`${provider} has no keys, so there is no line to it.`);
    const create = known.get(provider) ?? clientsOf(provider, keys, clock, log);
    known.set(provider, create);
    return create();
  };
}

function clientsOf(provider: MethodId, keys: ProviderKeys, clock: Clock, log: Log) {
  const discovery = discoveryFor(keys.issuer, clock);

  return (): OidcClient => {
    let end: AbortSignal | undefined;
    let lastError: string | null = null;

    /** Waits no longer than the line lasts, and notes why there is no answer. */
    async function callProvider<T>(
      at: "discovery" | "token" | "userinfo" | "keys",
      ask: (end: AbortSignal) => Promise<T>,
    ): Promise<T> {
      end ??= requestTimeout();
      try {
        // Asked first: if it throws at once, no promise is left that fails later and that nobody awaits.
        const response = ask(end);
        return await Promise.race([rejectOnAbort(end), response]);
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error;
        lastError ??= error.message;
        log.warn("provider.failed", { provider, at, lastError: error.message });
        throw error;
      }
    }

    async function verify(idToken: string, isLast = false): ReturnType<OidcClient["verify"]> {
      const found = await callProvider("discovery", discovery.discovery)
        .then(() => callProvider("keys", discovery.keys))
        .catch(asProviderError);
      if (found instanceof ProviderError) {
        const retryAfter = intervals.providerAway;
        return refuse("provider_unavailable", { provider, retryAfter, cause: found.message });
      }
      const verified = await verifyIdToken(idToken, found, keys, clock.now());
      if (typeof verified !== "string") return ok(verified);
      if (verified !== "key_unknown" || isLast)
        return refuse("provider_failed", { provider, cause: `id_token_${verified}` });
      // They may have changed their keys since they were asked.
      discovery.forgetKeys();
      return verify(idToken, true);
    }

    return {
      async fetch(input, init) {
        const asked = new Request(input, init);
        if (asked.url === discovery.url)
          return asResponse(await callProvider("discovery", discovery.discovery));
        const at = asked.method === "POST" ? "token" : "userinfo";
        return asResponse(await callProvider(at, (end) => discovery.ask(asked, end)));
      },
      lastError: () => lastError,
      verify: (idToken) => verify(idToken),
    };
  };
}

const asResponse = ({ status, text }: ProviderResponse) =>
  new Response(text, { status, headers: { "content-type": "application/json" } });

function asProviderError(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  throw error;
}

const rejectOnAbort = (end: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const leave = () => reject(new ProviderError("timeout"));
    if (end.aborted) leave();
    end.addEventListener("abort", leave);
  });
