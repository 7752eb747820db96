import type { Identifier } from "@/lib/core/identifier";
import type { Purpose } from "@/lib/store/verifications";
import type { LimitRule } from "./flow";

/** Limit rules that several flows declare. */

interface Addressed {
  readonly email: Identifier;
}

/** For flows that send an email to an address anyone can enter (R1, R2). */
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

/** For the confirm buttons of pages that emails link to, for sign-ups, and for “Switch account” (R3). */
export const confirmationLimit: LimitRule<unknown> = {
  limit: "confirmationsPerIp",
  effect: "reject",
  key: (_, { network }) => network,
};

/** For flows that compare a code sent to `addressOf` the input or the caller (R3). */
const codeRules = <In>(purpose: Purpose, addressOf: LimitRule<In>["key"]): LimitRule<In>[] =>
  (["codesPerHour", "codesPerDay"] as const).map((limit) => ({
    limit,
    effect: "reject",
    refusal: "too_many_attempts",
    field: "code",
    key: (input, caller) => `${purpose} ${addressOf(input, caller)}`,
  }));

/** For flows that compare an emailed code (R3). */
export const codeLimits = (purpose: Purpose): readonly LimitRule<Addressed>[] => [
  confirmationLimit,
  ...codeRules<Addressed>(purpose, ({ email }) => email),
];

/** For step-up by password or code (R3). */
export const stepUpLimit: LimitRule<unknown> = {
  limit: "stepUpsPerSession",
  effect: "reject",
  refusal: "too_many_attempts",
  key: (_, { session }) => session?.id ?? "",
};

/** For step-up by code, whose address is that of the session (R3). */
export const stepUpCodeLimits: readonly LimitRule<unknown>[] = [
  stepUpLimit,
  ...codeRules<unknown>("step_up", (_, { session }) => session?.email ?? ""),
];

/** For starting an OAuth attempt, and for completing one (R3). */
export const oauthLimit = (step: "start" | "complete"): LimitRule<unknown> => ({
  limit: "oauthAttemptsPerIp",
  effect: "reject",
  key: (_, { network }) => `${step} ${network}`,
});
