import { displayAddress } from "@/lib/core/display-address";
import type { MethodId } from "@/lib/core/method-id";
import { bounds, intervals, type LimitName } from "@/lib/core/policy";
import type { Refusal } from "@/lib/core/result";
import { isOAuthMethodId, oauthMethod, oauthMethods } from "@/lib/methods";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { passwordMethod } from "@/lib/methods/password";
import type { Messages } from "./index";

/**
 * A refusal as people read it. It offers only what works: `enabled` are the sign-in methods, of which none
 * is offered without it.
 */
export function messageOf(
  messages: Messages,
  refusal: Refusal,
  enabled: readonly MethodId[] = [],
): string {
  const { code, retryAfter = intervals.unavailable, provider, address, origin } = refusal;
  if (code === "not_found" && refusal.method) return disabledMessage(messages, refusal.method);
  const counted = isCounted(refusal.limit) ? countedBy[refusal.limit] : "other";
  const otherMethods = methodsWithoutEmail(messages, refusal, enabled);
  return messages.anyMessage(`error.${code}`, {
    links: enabled.includes(magicLinkMethod.id) ? "on" : "other",
    next: afterWrongCodes(refusal),
    wait: messages.wait(retryAfter),
    minLength: refusal.minLength ?? bounds.passwordMinLength,
    most: bounds.passwordMaxLength,
    digits: String(bounds.codeDigits),
    reasonLength: String(bounds.reasonLength),
    field: refusal.field === "code" || refusal.field === "password" ? refusal.field : "other",
    counted,
    attempts: counted === "network" ? counted : "other",
    otherMethods,
    elsewhere: otherMethods ? "yes" : "other",
    provider: providerName(messages, provider),
    longestName: bounds.nameLength,
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
} as const satisfies Partial<Record<LimitName, string>>;

const isCounted = (limit: LimitName | undefined): limit is keyof typeof countedBy =>
  limit !== undefined && limit in countedBy;

/** Says that a sign-in method is disabled. */
export const disabledMessage = (messages: Messages, method: MethodId): string =>
  messages.message("methodDisabled.text", {
    // Any id: the sentence has words for our own methods, and the names of providers for the others.
    method: method as string as "other",
    provider: isOAuthMethodId(method) ? providerName(messages, method) : method,
  });

/** What works after too many wrong codes: a limit lasts for a time, a code's own attempts do not. */
function afterWrongCodes({ emailHasLink, retryAfter }: Refusal) {
  if (emailHasLink) return retryAfter ? "linkOrWait" : "link";
  return retryAfter ? "wait" : "other";
}

/** The enabled sign-in methods that a refusal offers instead of an email, as a list in words; "" for none. */
function methodsWithoutEmail(
  messages: Messages,
  { otherMethods }: Refusal,
  enabled: readonly MethodId[],
) {
  if (!otherMethods) return "";
  const hasPassword = otherMethods === "all" && enabled.includes(passwordMethod.id);
  const names = [
    ...(hasPassword ? [messages.message("signIn.aPassword")] : []),
    ...oauthMethods()
      .filter(({ id }) => enabled.includes(id))
      .map(({ oauth }) => oauth.name),
  ];
  return messages.list(names, "disjunction");
}

/** A provider's name; where it is not known which, the names of all. */
export const providerName = (messages: Messages, provider: MethodId | undefined): string =>
  provider
    ? oauthMethod(provider).oauth.name
    : messages.list(
        oauthMethods().map(({ oauth }) => oauth.name),
        "disjunction",
      );
