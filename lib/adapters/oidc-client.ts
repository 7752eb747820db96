import type { Env, ProviderKeys } from "@/lib/core/env";
import type { Clock, Log, ProviderLine, World } from "@/lib/runtime/flow";
import type { OAuthProvider } from "@/lib/core/oauth-providers";
import { intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { judgeIdToken } from "./id-token";
import { type Answer, fullTime, Trouble } from "./oidc-fetch";
import { factsOf } from "./oidc-discovery";

/**
 * Lines to the providers whose keys are set. A line lasts `intervals.providerAnswer` from its first
 * call on, whatever is asked over it; what providers say of themselves is shared by all lines.
 * Throws for a provider without keys.
 */
export function openLines({ providers }: Env, clock: Clock, log: Log): World["openLine"] {
  const known = new Map<OAuthProvider, () => ProviderLine>();
  return (provider) => {
    const keys = providers[provider];
    if (!keys) throw new Error(`${provider} has no keys, so there is no line to it.`);
    const open = known.get(provider) ?? linesTo(provider, keys, clock, log);
    known.set(provider, open);
    return open();
  };
}

function linesTo(provider: OAuthProvider, keys: ProviderKeys, clock: Clock, log: Log) {
  const facts = factsOf(keys.issuer, clock);

  return (): ProviderLine => {
    let end: AbortSignal | undefined;
    let trouble: string | null = null;

    /** Waits no longer than the line lasts, and notes why there is no answer. */
    async function hear<T>(
      at: "discovery" | "token" | "userinfo" | "keys",
      ask: (end: AbortSignal) => Promise<T>,
    ): Promise<T> {
      end ??= fullTime();
      try {
        // Asked first: if it throws at once, no promise is left that fails later and that nobody awaits.
        const answer = ask(end);
        return await Promise.race([silenceAfter(end), answer]);
      } catch (error) {
        if (!(error instanceof Trouble)) throw error;
        trouble ??= error.message;
        log.warn("provider.trouble", { provider, at, trouble: error.message });
        throw error;
      }
    }

    async function verify(idToken: string, isLast = false): ReturnType<ProviderLine["verify"]> {
      const found = await hear("discovery", facts.discovery)
        .then(() => hear("keys", facts.keys))
        .catch(asTrouble);
      if (found instanceof Trouble) {
        const retryAfter = intervals.providerAway;
        return refuse("provider_unavailable", { provider, retryAfter, cause: found.message });
      }
      const judged = await judgeIdToken(idToken, found, keys, clock.now());
      if (typeof judged !== "string") return ok(judged);
      if (judged !== "key_unknown" || isLast)
        return refuse("provider_failed", { provider, cause: `id_token_${judged}` });
      // They may have changed their keys since they were asked.
      facts.forgetKeys();
      return verify(idToken, true);
    }

    return {
      async fetch(input, init) {
        const asked = new Request(input, init);
        if (asked.url === facts.url) return asResponse(await hear("discovery", facts.discovery));
        const at = asked.method === "POST" ? "token" : "userinfo";
        return asResponse(await hear(at, (end) => facts.ask(asked, end)));
      },
      trouble: () => trouble,
      verify: (idToken) => verify(idToken),
    };
  };
}

const asResponse = ({ status, text }: Answer) =>
  new Response(text, { status, headers: { "content-type": "application/json" } });

function asTrouble(error: unknown): Trouble {
  if (error instanceof Trouble) return error;
  throw error;
}

const silenceAfter = (end: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const leave = () => reject(new Trouble("timeout"));
    if (end.aborted) leave();
    end.addEventListener("abort", leave);
  });
