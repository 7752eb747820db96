import type { Identifier } from "@/lib/core/identifier";
import type { Purpose } from "@/lib/store/verifications";
import type { LimitKey, LimitRule } from "./flow";
import type { Caller } from "./request-context";

/** Limit rules that several flows declare. */

interface Addressed {
  readonly email: Identifier;
}

/**
 * The methods that do the same without an email, where there are any: a provider also signs up. A forgotten
 * password or an email to confirm who it is has no substitute.
 */
const otherMethods: Partial<Record<Purpose, LimitRule<unknown>["otherMethods"]>> = {
  magic_link: "all",
  sign_up: "providers",
};

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
    otherMethods: otherMethods[purpose],
    refundable: true,
    key: (_, { network }) => network,
  },
  {
    limit: "emailsPerAddress",
    knownDevice: "emailsPerDevice",
    effect: "suppress",
    refundable: true,
    key: ({ email }) => email,
  },
];

/** For the confirm buttons of pages that emails link to, and for “Switch account” (R3). */
export const confirmationLimit: LimitRule<unknown> = {
  limit: "confirmationsPerIp",
  effect: "reject",
  refundedOnSuccess: true,
  key: (_, { network }) => network,
};

/** For sign-ups, which hash a password before anything is confirmed (R3). */
export const signUpLimit: LimitRule<unknown> = {
  limit: "confirmationsPerIp",
  effect: "reject",
  key: (_, { network }) => network,
};

/** Whether the email of a purpose has a link beside its code: a link could be clicked by a stranger (P1). */
export const emailHasLink = (purpose: Purpose): boolean =>
  purpose !== "sign_up" && purpose !== "email_change" && purpose !== "staff_email_change";

/** For flows that compare a code sent to `addressOf` the input or the caller (R3). */
const codeRules = <In>(purpose: Purpose, addressOf: LimitRule<In>["key"]): LimitRule<In>[] =>
  (["codesPerHour", "codesPerDay"] as const).map((limit) => ({
    limit,
    effect: "reject",
    refusal: "too_many_attempts",
    field: "code",
    emailHasLink: emailHasLink(purpose),
    refundedOnSuccess: true,
    key: (input, caller) => codeKey(purpose, addressOf(input, caller)),
  }));

const codeKey = (purpose: Purpose, address: string) => `${purpose} ${address}`;

/** For signing in by password (R3). */
export const passwordLimits: readonly LimitRule<Addressed>[] = [
  {
    limit: "passwordsPerIp",
    effect: "reject",
    refusal: "too_many_attempts",
    field: "password",
    refundedOnSuccess: true,
    key: (_, { network }) => network,
  },
  {
    limit: "passwordsPerAccount",
    knownDevice: "passwordsPerDevice",
    effect: "reject",
    refusal: "too_many_attempts",
    field: "password",
    refundedOnSuccess: true,
    key: ({ email }) => email,
  },
];

/**
 * The attempts that the owner of an address need not wait for after proving it by email (R3). The limit
 * per day stays: it bounds a guesser, however often the owner signs in.
 */
export const attemptsAt = (
  email: Identifier,
  purpose: Purpose,
  { deviceDigest, session }: Pick<Caller, "deviceDigest" | "session">,
): LimitKey[] => [
  { limit: "passwordsPerAccount", key: email },
  { limit: "passwordsPerDevice", key: knownDeviceKey(deviceDigest, email) },
  { limit: "codesPerHour", key: codeKey(purpose, email) },
  ...(session ? [{ limit: "stepUpsPerSession" as const, key: session.id }] : []),
];

/** The key of a known device's limit instead of the rule's own. */
export const knownDeviceKey = (deviceDigest: string, email: Identifier) =>
  `${deviceDigest} ${email}`;

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
  refundedOnSuccess: true,
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
  ...(step === "complete" && { refundedOnSuccess: true }),
  key: (_, { network }) => `${step} ${network}`,
});
