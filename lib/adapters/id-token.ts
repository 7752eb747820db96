import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import type { ProviderKeys } from "@/lib/core/env";
import { intervals } from "@/lib/core/policy";

/** What does not hold: by the claim it is about, or else by what jose calls it. */
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
 * The claims of an ID token, word for word, or what does not hold in it. Its signature is by one of
 * the keys and by a public-key algorithm, it is from this issuer and for us alone, and these are its
 * times; of everything else nothing is promised, not even that a subject is text (O1, O2).
 */
export async function verifyIdToken(
  idToken: string,
  keys: JWTVerifyGetKey,
  { issuer, clientId }: ProviderKeys,
  now: Date,
): Promise<JWTPayload | FailureReason> {
  try {
    const { payload } = await jwtVerify(idToken, keys, {
      // Named one by one: with HS256, who knows the public key or our secret could sign.
      algorithms: ["RS256", "PS256", "ES256"],
      issuer,
      audience: clientId,
      requiredClaims: ["exp", "iat", "sub"],
      currentDate: now,
      clockTolerance: intervals.providerClock,
    });
    return isForUsAlone(payload, clientId) ? payload : "audience";
  } catch (error) {
    const { claim = "", code = "" } = error as { claim?: string; code?: string };
    // What else is thrown comes from reading the key that fits: nothing else here varies.
    return failureReasonOf(claim) ?? failureReasonOf(code) ?? "key_unusable";
  }
}

const failureReasonOf = (what: string): FailureReason | undefined =>
  failureReasons[what as keyof typeof failureReasons];

/** Somebody else who may use it, too, could have brought it. */
const isForUsAlone = ({ aud, azp }: JWTPayload, clientId: string) =>
  [aud, azp ?? []].flat(2).every((party) => party === clientId);
