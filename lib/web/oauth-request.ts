import type { z } from "zod";
import type { Flow, Requires } from "@/lib/runtime/flow";
import type { Result } from "@/lib/core/result";
import type { ResponseCookie } from "./cookies";

/** The request that starts an OAuth attempt or returns from the provider, as Auth.js needs it. */
export interface OAuthRequest {
  readonly headers: Headers;
  /** The token of this browser's OAuth attempt; "" when there is none, which matches no row. */
  readonly oauthAttempt: string;
  readonly setCookies: (cookies: readonly ResponseCookie[]) => void | Promise<void>;
  /** Runs a flow for this request, as one that no other site has sent. */
  readonly run: <Schema extends z.ZodType, Out, R extends Requires>(
    flow: Flow<Schema, Out, R>,
    input: unknown,
  ) => Promise<Result<Out>>;
}
