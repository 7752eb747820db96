import type { Letter } from "@/lib/core/letters";
import type { Ctx } from "@/lib/runtime/flow";
import type { EndedEmailChange } from "@/lib/store/staff-email-changes";

/** Tells the new address that the account keeps the one it has. */
export const stoppedLetter = ({ clock }: Ctx, { newEmail }: EndedEmailChange): Letter => ({
  kind: "staff_email_stopped",
  to: newEmail,
  at: clock.now().toISOString(),
});
