import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import type { ProviderKeys } from "@/lib/core/env";
import { intervals } from "@/lib/core/policy";

/** Reasons for the log, by the claim that is invalid or by jose's error code. */
const failureReasons = {
  iss: "issuer",
  aud: "audience",
  exp: "expiry",
  nbf: "not_before",
  iat: "issued_at",
  sub: "subject",
  ERR_JOSE_ALG_NOT_ALLOWED: "algorithm",
  ERR_JOSE_NOT_SUPPORTED: "malformed",
  ERR_JWS_INVALID: "malformed",
  ERR_JWT_INVALID: "malformed",
  ERR_JWKS_NO_MATCHING_KEY: "key_unknown",
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "signature",
} as const;

type FailureReason = (typeof failureReasons)[keyof typeof failureReasons] | "key_unusable";

/**
 * Verifies an ID token: signature with a public-key algorithm, issuer, audience, and times with a
 * tolerance of `intervals.providerClock` (OpenID Connect Core 3.1.3.7). Returns its claims, or the
 * reason of the failure. Other claims may have any value and type (O1, O2).
 */
export async function verifyIdToken(
  idToken: string,
  keys: JWTVerifyGetKey,
  { issuer, clientId }: ProviderKeys,
  now: Date,
): Promise<JWTPayload | FailureReason> {
  try {
    const { payload } = await jwtVerify(idToken, keys, {
      // An explicit list: with HS256, anyone who knows the public key or our secret could sign.
      algorithms: ["RS256", "PS256", "ES256"],
      issuer,
      audience: clientId,
      requiredClaims: ["exp", "iat", "sub"],
      currentDate: now,
      clockTolerance: intervals.providerClock,
    });
    // jose checks only that it is a number.
    if (payload.iat! > now.getTime() / 1000 + intervals.providerClock) return "issued_at";
    return isForUsAlone(payload, clientId) ? payload : "audience";
  } catch (error) {
    const details = error as { readonly [key in "claim" | "code"]?: string };
    const [byClaim, byCode] = (["claim", "code"] as const).map((key) => reasonOf(details[key]));
    // Any other error comes from importing the matching key.
    return byClaim ?? byCode ?? "key_unusable";
  }
}

const reasonOf = (key: string | undefined): FailureReason | undefined =>
  failureReasons[key as keyof typeof failureReasons];

/** A token with a second audience could have been obtained by that other client. */
const isForUsAlone = ({ aud, azp }: JWTPayload, clientId: string) =>
  [aud, azp ?? []].flat(2).every((party) => party === clientId);
