import { createLocalJWKSet, type JSONWebKeySet } from "jose";
import { z } from "zod";
import { isLoopback } from "@/lib/core/env";
import type { Clock } from "@/lib/runtime/ports";
import { intervals } from "@/lib/core/policy";
import { type ProviderResponse, fetchJson, requestTimeout, ProviderError } from "./oidc-fetch";

/**
 * An issuer's metadata (OpenID Connect Discovery 1.0) and keys, cached for `intervals.discoveryCache`.
 * Concurrent callers share one request, which has a timeout of its own: a caller that joins late has
 * more time left than the first. Errors and documents of another issuer are not cached. All
 * functions throw `ProviderError`.
 */
export function discoveryFor(issuer: string, clock: Clock) {
  const self = new URL(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  // Only a local issuer may use plain http, or name endpoints that do.
  const schemes = self.protocol === "http:" && isLoopback(self.hostname) ? /^https?:/ : /^https:/;
  const isAllowed = (url: string) => URL.canParse(url) && schemes.test(new URL(url).protocol);

  const shape = z.object({
    issuer: z.literal(issuer),
    authorization_endpoint: z.string(),
    token_endpoint: z.string(),
    userinfo_endpoint: z.string(),
    jwks_uri: z.string(),
  });

  async function send(
    request: Request,
    end: AbortSignal,
    type?: RegExp,
  ): Promise<ProviderResponse> {
    if (!isAllowed(request.url)) throw new ProviderError("not_https");
    return fetchJson(request, end, type);
  }

  async function fetchMetadata(url: string, type?: RegExp) {
    const response = await send(new Request(url), requestTimeout(), type);
    if (response.status !== 200) throw new ProviderError(`status_${response.status}`);
    return response;
  }

  const discovery = cached(clock, async () => {
    const response = await fetchMetadata(self.href);
    const { data } = shape.safeParse(response.json);
    if (!data) throw new ProviderError("not_discovery");
    const { issuer: _, ...endpoints } = data;
    // Includes the authorization endpoint, which only browsers request.
    if (!Object.values(endpoints).every(isAllowed)) throw new ProviderError("not_https");
    return { ...response, keysUrl: data.jwks_uri };
  });

  const keys = cached(clock, async () => {
    const { keysUrl } = await discovery.get();
    const { json } = await fetchMetadata(keysUrl, /^application\/(jwk-set\+)?json$/);
    try {
      return createLocalJWKSet(json as JSONWebKeySet);
    } catch {
      throw new ProviderError("not_keys");
    }
  });

  return {
    /** The URL of the discovery document. */
    url: self.href,
    send: (request: Request, end: AbortSignal) => send(request, end),
    discovery: discovery.get,
    keys: keys.get,
    /** Makes the next call of `keys` fetch them again. */
    forgetKeys: keys.forget,
  };
}

/** Caches a promise for `intervals.discoveryCache`. A rejected one is removed at once. */
function cached<T>(clock: Clock, load: () => Promise<T>) {
  let last: { readonly response: Promise<T>; readonly until: number } | undefined;
  const forget = () => {
    last = undefined;
  };
  return {
    get() {
      const time = clock.now().getTime();
      if (last && time < last.until) return last.response;
      const response = load();
      response.catch(forget);
      last = { response, until: time + intervals.discoveryCache * 1000 };
      return response;
    },
    forget,
  };
}
