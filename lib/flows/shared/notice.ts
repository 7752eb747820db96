import type { Identifier } from "@/lib/core/identifier";
import type { Notice } from "@/lib/core/letters";
import type { Ctx } from "@/lib/runtime/flow";

/** What every notice about an account says: to whom, which browser made the change, and when. */
export const noticeTo = ({ caller, clock }: Ctx, to: Identifier): Notice => ({
  to,
  browser: caller.browser,
  at: clock.now().toISOString(),
});
