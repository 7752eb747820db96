import { displayAddress } from "@/lib/core/display-address";
import type { MethodId } from "@/lib/core/method-id";
import { bounds, intervals, type LimitName } from "@/lib/core/policy";
import type { Refusal } from "@/lib/core/result";
import { oauthMethod, oauthMethods } from "@/lib/methods";
import type { Messages } from "./index";

/** A refusal as people read it. `otherMethods`: the sign-in methods that send no email, as a list in words. */
export function messageOf(messages: Messages, refusal: Refusal, otherMethods = ""): string {
  const { code, retryAfter = intervals.unavailable, provider, address, origin } = refusal;
  const counted = isCounted(refusal.limit) ? countedBy[refusal.limit] : "other";
  return messages.anyMessage(`error.${code}`, {
    wait: messages.wait(retryAfter),
    minLength: refusal.minLength ?? bounds.passwordMinLength,
    most: bounds.passwordMaxLength,
    digits: String(bounds.codeDigits),
    field: refusal.field === "code" || refusal.field === "password" ? refusal.field : "other",
    counted,
    attempts: counted === "address" || counted === "network" ? counted : "other",
    otherMethods,
    elsewhere: otherMethods ? "yes" : "other",
    provider: providerName(messages, provider),
    longest: String(bounds.emailLength),
    longestLocal: String(bounds.localPartLength),
    problem: refusal.problem ?? "other",
    address: address ? displayAddress(address) : messages.message("fallback.account"),
    origin: origin ?? messages.message("fallback.origin"),
  });
}

/** Whose requests a limit counts, as messages tell them apart. */
const countedBy = {
  emailRequestsPerIp: "networkEmails",
  emailRequestsPerDevice: "deviceEmails",
  passwordsPerIp: "network",
  confirmationsPerIp: "network",
  oauthAttemptsPerIp: "network",
  codesPerHour: "address",
  codesPerDay: "address",
} as const satisfies Partial<Record<LimitName, string>>;

const isCounted = (limit: LimitName | undefined): limit is keyof typeof countedBy =>
  limit !== undefined && limit in countedBy;

/** A provider's name; where it is not known which, the names of all. */
export const providerName = (messages: Messages, provider: MethodId | undefined): string =>
  provider
    ? oauthMethod(provider).oauth.name
    : messages.list(
        oauthMethods().map(({ oauth }) => oauth.name),
        "disjunction",
      );
