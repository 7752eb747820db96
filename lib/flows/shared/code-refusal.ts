import { refuse, type Result } from "@/lib/core/result";
import { emailHasLink } from "@/lib/runtime/limits";
import type { CodeOutcome, Purpose } from "@/lib/store/verifications";

type Cause = Extract<CodeOutcome, { consumed: null }>["cause"];

/** The refusal of a code that was not consumed. The cause is for the audit log. */
export const refuseCode = (purpose: Purpose, cause: Cause): Result<never> =>
  refuse(cause === "too_many" ? "too_many_attempts" : "code_invalid", {
    field: "code",
    cause,
    emailHasLink: emailHasLink(purpose),
  });
