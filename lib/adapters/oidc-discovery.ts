import { createLocalJWKSet, type JSONWebKeySet } from "jose";
import { z } from "zod";
import { isLoopback } from "@/lib/core/env";
import type { Clock } from "@/lib/runtime/ports";
import { intervals } from "@/lib/core/policy";
import { type ProviderResponse, fetchJson, requestTimeout, ProviderError } from "./oidc-fetch";

/**
 * What an issuer says of itself, and its keys: asked once by however many at a time, kept for
 * `intervals.providerFacts`, and never what was no answer or another issuer's. Asked in a time of
 * its own, since whoever joins in may have more left than the first. All throw `Trouble`.
 */
export function discoveryFor(issuer: string, clock: Clock) {
  const self = new URL(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  // Plain http is for an issuer on this machine: no answer may lead anybody else there.
  const schemes = self.protocol === "http:" && isLoopback(self.hostname) ? /^https?:/ : /^https:/;
  const isAllowed = (url: string) => URL.canParse(url) && schemes.test(new URL(url).protocol);

  const shape = z.object({
    issuer: z.literal(issuer),
    authorization_endpoint: z.string(),
    token_endpoint: z.string(),
    userinfo_endpoint: z.string(),
    jwks_uri: z.string(),
  });

  async function ask(asked: Request, end: AbortSignal, type?: RegExp): Promise<ProviderResponse> {
    if (!isAllowed(asked.url)) throw new ProviderError("not_https");
    return fetchJson(asked, end, type);
  }

  async function fetchMetadata(url: string, type?: RegExp) {
    const response = await ask(new Request(url), requestTimeout(), type);
    if (response.status !== 200) throw new ProviderError(`status_${response.status}`);
    return response;
  }

  const discovery = cached(clock, async () => {
    const response = await fetchMetadata(self.href);
    const { data } = shape.safeParse(response.json);
    if (!data) throw new ProviderError("not_discovery");
    const { issuer: _, ...endpoints } = data;
    // Also the one that browsers are sent to.
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
    /** Where its discovery document is. */
    url: self.href,
    ask: (asked: Request, end: AbortSignal) => ask(asked, end),
    discovery: discovery.get,
    keys: keys.get,
    /** Has the keys asked again. */
    forgetKeys: keys.forget,
  };
}

/** Who comes while it is being asked waits for the same answer; a failure is forgotten at once. */
function cached<T>(clock: Clock, ask: () => Promise<T>) {
  let last: { readonly response: Promise<T>; readonly until: number } | undefined;
  const forget = () => {
    last = undefined;
  };
  return {
    get() {
      const time = clock.now().getTime();
      if (last && time < last.until) return last.response;
      const response = ask();
      response.catch(forget);
      last = { response, until: time + intervals.discoveryCache * 1000 };
      return response;
    },
    forget,
  };
}
