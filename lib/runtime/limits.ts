import type { LimitUse } from "./flow";
import type { Identifier } from "@/lib/core/identifier";
import type { Purpose } from "@/lib/store/verifications";

/** How flows of one kind take their limits, said once. */

interface Addressed {
  readonly email: Identifier;
}

/** Of what makes us write to an address that anybody may name (R1, R2). */
export const mailLimits = (purpose: Purpose): readonly LimitUse<Addressed>[] => [
  {
    limit: "resends",
    effect: "loud",
    refusal: "resend_too_soon",
    returnable: true,
    key: ({ email }, { askingDigest }) => `${purpose} ${askingDigest} ${email}`,
  },
  {
    limit: "mailRequestsPerIp",
    markedDevice: "mailRequestsPerDevice",
    effect: "loud",
    returnable: true,
    key: (_, { network }) => network,
  },
  {
    limit: "lettersPerAddress",
    markedDevice: "lettersPerDevice",
    effect: "quiet",
    key: ({ email }) => email,
  },
];

/** Of buttons on pages that mail leads to, of sign-ups, and of “Switch account” (R3). */
export const pressLimit: LimitUse<unknown> = {
  limit: "pressesPerIp",
  effect: "loud",
  key: (_, { network }) => network,
};

/** Of what tries a code mailed to an address (R3). */
export const codeLimits = (purpose: Purpose): readonly LimitUse<Addressed>[] => [
  pressLimit,
  ...(["codesPerHour", "codesPerDay"] as const).map((limit): LimitUse<Addressed> => ({
    limit,
    effect: "loud",
    refusal: "code_tries_spent",
    key: ({ email }) => `${purpose} ${email}`,
  })),
];

/** Of what tries to prove again that a signed-in person is who they are (R3). */
export const stepUpLimit: LimitUse<unknown> = {
  limit: "stepUpsPerSession",
  effect: "loud",
  refusal: "step_up_tries_spent",
  key: (_, { session }) => session?.id ?? "",
};

/** Of what begins a trip to a provider, and of what ends one (R3). */
export const handshakeLimit = (way: "begin" | "return"): LimitUse<unknown> => ({
  limit: "handshakesPerIp",
  effect: "loud",
  key: (_, { network }) => `${way} ${network}`,
});
