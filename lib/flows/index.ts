import type { AnyFlow } from "@/lib/flow";
import { listAuthProviders } from "./account/list-auth-providers";
import { clearLimits } from "./mailbox/clear-limits";
import { readMailbox } from "./mailbox/read-mailbox";
import { listSessions } from "./sessions/list-sessions";
import { readSession } from "./sessions/read-session";
import { revokeOtherSessions } from "./sessions/revoke-other-sessions";
import { revokeSession } from "./sessions/revoke-session";
import { signOut } from "./sessions/sign-out";
import { cancelMagicLink } from "./sign-in/cancel-magic-link";
import { previewMagicLink } from "./sign-in/preview-magic-link";
import { readWaiting } from "./sign-in/read-waiting";
import { redeemEmailCode } from "./sign-in/redeem-email-code";
import { redeemMagicLink } from "./sign-in/redeem-magic-link";
import { requestMagicLink } from "./sign-in/request-magic-link";

/** The catalogue: everything that can be done here. `house.test.ts` holds it against code and README. */
export const flows: readonly AnyFlow[] = [
  requestMagicLink,
  readWaiting,
  previewMagicLink,
  redeemMagicLink,
  redeemEmailCode,
  cancelMagicLink,
  readSession,
  listSessions,
  revokeSession,
  revokeOtherSessions,
  signOut,
  listAuthProviders,
  readMailbox,
  clearLimits,
];
