import type { Identifier } from "@/lib/core/identifier";
import { refuse, type Result } from "@/lib/core/result";
import type { RefusalCauses } from "@/lib/runtime/audited";
import type { Ctx } from "@/lib/runtime/flow";
import type { LinkAccess, LinkPreview } from "@/lib/store/verifications";

/** What the caller presents to use a link. `typedEmail` is the address typed on the link's page. */
export const linkAccess = ({ caller }: Ctx, typedEmail: Identifier | null = null): LinkAccess => ({
  requestingBrowserDigest: caller.requestingBrowserDigest,
  sessionDigest: caller.sessionDigest,
  typedEmail,
});

type Cause = Exclude<LinkPreview["state"], "live"> | "unknown";
const causes: readonly Cause[] = ["unknown", "used", "voided", "expired"];

/** What `refuseLink` refuses. */
export const linkRefusals = {
  email_mismatch: [],
  link_invalid: causes,
} satisfies RefusalCauses;

/** The refusal of a link that was not consumed. The cause is for the audit log. */
export const refuseLink = (link: LinkPreview | null): Result<never> =>
  link?.state === "live"
    ? refuse("email_mismatch", { field: "email" })
    : refuse("link_invalid", { cause: link?.state ?? "unknown" });
