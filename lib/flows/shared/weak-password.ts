import type { RefusalCauses } from "@/lib/runtime/audited";

/** What `checkStrength` of the world's passwords refuses. */
export const weakPasswordRefusals = {
  password_too_short: [],
  password_personal: [],
  password_common: [],
  password_breached: [],
} satisfies RefusalCauses;
