import type { LimitRule } from "./flow";
import type { Identifier } from "@/lib/core/identifier";
import type { Purpose } from "@/lib/store/verifications";

/** How flows of one kind take their limits, said once. */

interface Addressed {
  readonly email: Identifier;
}

/** Of what makes us write to an address that anybody may name (R1, R2). */
export const mailLimits = (purpose: Purpose): readonly LimitRule<Addressed>[] => [
  {
    limit: "resends",
    effect: "reject",
    refusal: "resend_too_soon",
    refundable: true,
    key: ({ email }, { requestingBrowserDigest }) =>
      `${purpose} ${requestingBrowserDigest} ${email}`,
  },
  {
    limit: "emailRequestsPerIp",
    knownDevice: "emailRequestsPerDevice",
    effect: "reject",
    refundable: true,
    key: (_, { network }) => network,
  },
  {
    limit: "emailsPerAddress",
    knownDevice: "emailsPerDevice",
    effect: "suppress",
    key: ({ email }) => email,
  },
];

/** Of buttons on pages that mail leads to, of sign-ups, and of “Switch account” (R3). */
export const confirmationLimit: LimitRule<unknown> = {
  limit: "confirmationsPerIp",
  effect: "reject",
  key: (_, { network }) => network,
};

/** Of what tries a code mailed to an address (R3). */
export const codeLimits = (purpose: Purpose): readonly LimitRule<Addressed>[] => [
  confirmationLimit,
  ...(["codesPerHour", "codesPerDay"] as const).map((limit): LimitRule<Addressed> => ({
    limit,
    effect: "reject",
    refusal: "code_too_many_attempts",
    key: ({ email }) => `${purpose} ${email}`,
  })),
];

/** Of what tries to prove again that a signed-in person is who they are (R3). */
export const stepUpLimit: LimitRule<unknown> = {
  limit: "stepUpsPerSession",
  effect: "reject",
  refusal: "step_up_too_many_attempts",
  key: (_, { session }) => session?.id ?? "",
};

/** Of what begins a trip to a provider, and of what ends one (R3). */
export const oauthLimit = (direction: "begin" | "return"): LimitRule<unknown> => ({
  limit: "oauthAttemptsPerIp",
  effect: "reject",
  key: (_, { network }) => `${direction} ${network}`,
});
