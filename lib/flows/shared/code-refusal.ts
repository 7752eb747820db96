import { refuse, type Result } from "@/lib/core/result";
import type { RefusalCauses } from "@/lib/runtime/audited";
import { emailHasLink } from "@/lib/runtime/limits";
import type { CodeOutcome, Purpose } from "@/lib/store/verifications";

type Cause = Extract<CodeOutcome, { consumed: null }>["cause"];

const wrongCauses: readonly Cause[] = ["wrong", "none"];

/** What `refuseCode` refuses. */
export const codeRefusals = {
  code_invalid: wrongCauses,
  too_many_attempts: ["too_many"],
} satisfies RefusalCauses;

/** The refusal of a code that was not consumed. The cause is for the audit log. */
export const refuseCode = (purpose: Purpose, cause: Cause): Result<never> =>
  refuse(cause === "too_many" ? "too_many_attempts" : "code_invalid", {
    field: "code",
    cause,
    emailHasLink: emailHasLink(purpose),
  });
