import type { Duration } from "@/lib/core/duration";
import type { Session } from "@/lib/store/sessions";
import type { MethodId } from "@/lib/core/method-id";
import type { Authorization } from "./ports";

/** What a request says about its sender. Secrets are digests. */
export interface RequestContext {
  readonly requestId: string;
  /** The operator's own command, which may do what an admin may. No request sets it (decision 49). */
  readonly isCommandLine?: true;
  /** Whether the request comes from our own origin (`web/origin.ts`). Writes are refused without it. */
  readonly sameOrigin: boolean;
  /**
   * The user that the page of a posted form showed as signed in: an id, or "" for a signed-out page.
   * Null for a request without a page, such as an API call.
   */
  readonly shownTo: string | null;
  /** Whether the request has a cookie of ours, or may lack one (decision 33). */
  readonly acceptsCookies: boolean;
  readonly ip: string | null;
  /** ISO 3166-1, as the trusted proxy says; null where it does not. */
  readonly country: string | null;
  /** The IP as limits count it: IPv6 by /64 (R2). */
  readonly network: string;
  /** The browser and its system, as it is stored: "firefox/linux". */
  readonly browser: string;
  readonly sessionDigest: string | null;
  /** An earlier flow of this request has given the session its token, which no response has yet. */
  readonly sessionRenewed: boolean;
  /** The raw Cookie header: the OAuth protocol reads its own cookies from it. */
  readonly cookieHeader: string | null;
  /** This browser as the requester of emails. A new value when it has no such cookie. */
  readonly requestingBrowserDigest: string;
  /** This browser as a known device (R6). A new value when it has no such cookie. */
  readonly deviceDigest: string;
  /** Whether the request carried a device cookie, so that the device can be known. */
  readonly hasDeviceCookie: boolean;
  /** The session of `sessionDigest`, read once per request. */
  readonly readSession: () => Promise<Session | null>;
}

export interface Caller<S extends Session | null = Session | null> extends RequestContext {
  readonly session: S;
}

/** A session's token on its way into a cookie. It is stored nowhere else. */
export interface NewSession {
  readonly token: string;
  readonly lifetime: Duration;
  /** "Keep me signed in". Otherwise the cookie ends with the browser. */
  readonly remember: boolean;
  /** The method of the sign-in. Absent when an existing session only gets a new token. */
  readonly method?: string;
}

/** Cookies that the response sets or deletes. `web` writes them. */
export interface CookieChanges {
  session?: NewSession | "ended";
  /** Sets the cookie that lets this browser enter the code of the email it requested. */
  mailRequest?: true;
  /** Sets the cookie of a known device. */
  device?: true;
  /** The token of an OAuth attempt, which only this browser can complete. */
  oauthAttempt?: string | "ended";
  /** The provider's part of an attempt that starts. Set by the runner. */
  oauthProtocol?: { readonly provider: MethodId } & Pick<Authorization, "state" | "checks">;
  /** The token of a pending identity, which waits for this browser's user to decide. */
  pendingIdentity?: string | "ended";
}
