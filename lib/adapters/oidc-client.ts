import type { Env, ProviderKeys } from "@/lib/core/env";
import type { Clock, Log, OidcClient } from "@/lib/runtime/ports";
import type { MethodId } from "@/lib/core/method-id";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { verifyIdToken } from "./id-token";
import { type ProviderResponse, requestTimeout, ProviderError } from "./oidc-fetch";
import { discoveryFor } from "./oidc-discovery";

/**
 * Creates an OIDC client per OAuth attempt. All requests of a client share one timeout of
 * `intervals.providerTimeout` seconds from its first request (O5). All clients of a provider share
 * its cached metadata. Throws for a provider without a client id and secret.
 */
export function createOidcClients(
  { providers }: Env,
  clock: Clock,
  log: Log,
): (provider: MethodId) => OidcClient {
  const known = new Map<MethodId, () => OidcClient>();
  return (provider) => {
    const keys = providers[provider];
    if (!keys) throw new Error(`${provider} has no client id and secret.`);
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

    /** Calls the provider within the client's timeout, and records its first error. */
    async function callProvider<T>(
      at: "discovery" | "token" | "userinfo" | "keys",
      send: (end: AbortSignal) => Promise<T>,
    ): Promise<T> {
      end ??= requestTimeout();
      try {
        // Before the timeout's promise: if this throws, no rejected promise is left unhandled.
        const response = send(end);
        return await Promise.race([rejectOnAbort(end), response]);
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error;
        lastError ??= error.message;
        log.warn("provider.failed", { provider, at, lastError: error.message });
        throw error;
      }
    }

    async function verify(
      tokens: { readonly idToken: string; readonly accessToken: string },
      isLast = false,
    ): ReturnType<OidcClient["verify"]> {
      const found = await callProvider("discovery", discovery.discovery)
        .then(() => callProvider("keys", discovery.keys))
        .catch(asProviderError);
      if (found instanceof ProviderError) {
        const retryAfter = intervals.providerRetryAfter;
        return refuse("provider_unavailable", { provider, retryAfter, cause: found.message });
      }
      const verified = await verifyIdToken(tokens, found, keys, clock.now());
      if (typeof verified !== "string") return ok(verified);
      if (verified !== "key_unknown" || isLast)
        return refuse("provider_failed", { provider, cause: `id_token_${verified}` });
      // The provider may have rotated its keys since they were cached.
      discovery.forgetKeys();
      return verify(tokens, true);
    }

    return {
      async fetch(input, init) {
        const request = new Request(input, init);
        if (request.url === discovery.url)
          return asResponse(await callProvider("discovery", discovery.discovery));
        const at = request.method === "POST" ? "token" : "userinfo";
        return asResponse(await callProvider(at, (end) => discovery.send(request, end)));
      },
      lastError: () => lastError,
      verify: (idToken, accessToken) => verify({ idToken, accessToken }),
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
    const onAbort = () => reject(new ProviderError("timeout"));
    if (end.aborted) onAbort();
    end.addEventListener("abort", onAbort);
  });
