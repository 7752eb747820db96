import { createHash } from "node:crypto";
import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import type { ProviderKeys } from "@/lib/core/env";
import { type ClaimFailure, claimFailure } from "@/lib/core/oauth-identity";
import { intervals } from "@/lib/core/policy";

/** Reasons for the log, by jose's error code. */
const failureReasons = {
  ERR_JOSE_ALG_NOT_ALLOWED: "algorithm",
  ERR_JOSE_NOT_SUPPORTED: "malformed",
  ERR_JWS_INVALID: "malformed",
  ERR_JWT_INVALID: "malformed",
  ERR_JWKS_NO_MATCHING_KEY: "key_unknown",
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "signature",
} as const;

type FailureReason =
  | ClaimFailure
  | (typeof failureReasons)[keyof typeof failureReasons]
  | "key_unusable";

/**
 * Verifies an ID token: signature with a public-key algorithm, issuer, audience, times with a tolerance
 * of `intervals.providerClock`, and `at_hash`, where it has one, against the access token that came with
 * it (OpenID Connect Core 3.1.3.7 and 3.1.3.8). Returns its claims, or the reason of the failure. Other
 * claims may have any value and type (O1, O2).
 */
export async function verifyIdToken(
  { idToken, accessToken }: { readonly idToken: string; readonly accessToken: string },
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
    if (payload.at_hash !== undefined && payload.at_hash !== accessTokenHash(accessToken))
      return "access_token_hash";
    return isForUsAlone(payload, clientId) ? payload : "audience";
  } catch (error) {
    const details = error as { readonly [key in "claim" | "code"]?: string };
    const byCode = failureReasons[details.code as keyof typeof failureReasons];
    // Any other error comes from importing the matching key.
    return claimFailure(details["claim"]) ?? byCode ?? "key_unusable";
  }
}

/** The left half of its SHA-256: every algorithm that is accepted signs with that hash. */
const accessTokenHash = (accessToken: string) =>
  createHash("sha256").update(accessToken).digest().subarray(0, 16).toString("base64url");

/** A token with a second audience could have been obtained by that other client. */
const isForUsAlone = ({ aud, azp }: JWTPayload, clientId: string) =>
  [aud, azp ?? []].flat(2).every((party) => party === clientId);
