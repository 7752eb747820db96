import type { AnyFlow } from "@/lib/runtime/flow";
import { linkProvider } from "@/lib/flows/account/link-provider";
import { unlinkProvider } from "@/lib/flows/account/unlink-provider";
import { confirmProvider } from "@/lib/flows/account/confirm-provider";
import { listAuthProviders } from "./account/list-auth-providers";
import { readMethodsLock } from "./account/read-methods-lock";
import { unlockMethods } from "./account/unlock-methods";
import { exportActivity } from "./activity/export-activity";
import { listActivity } from "./activity/list-activity";
import { cancelStaffEmailChange } from "./staff-email-change/cancel-staff-email-change";
import { confirmStaffEmailChange } from "./staff-email-change/confirm-staff-email-change";
import { previewEmailChangeStop } from "./staff-email-change/preview-email-change-stop";
import { previewStaffEmailChange } from "./staff-email-change/preview-staff-email-change";
import { readStaffEmailChange } from "./staff-email-change/read-staff-email-change";
import { startStaffEmailChange } from "./staff-email-change/start-staff-email-change";
import { stopEmailChange } from "./staff-email-change/stop-email-change";
import { stopEmailChangeByLink } from "./staff-email-change/stop-email-change-by-link";
import { cancelAccessLink } from "./access-links/cancel-access-link";
import { issueAccessLink } from "./access-links/issue-access-link";
import { listAccessLinks } from "./access-links/list-access-links";
import { previewAccessLink } from "./access-links/preview-access-link";
import { redeemAccessLink } from "./access-links/redeem-access-link";
import { exportAuditEvents } from "./audit/export-audit-events";
import { listAuditEvents } from "./audit/list-audit-events";
import { clearLimits } from "./mailbox/clear-limits";
import { readMailbox } from "./mailbox/read-mailbox";
import { startOAuth } from "@/lib/flows/oauth/start-oauth";
import { startLinkingProvider } from "@/lib/flows/oauth/start-linking-provider";
import { completeOAuth } from "@/lib/flows/oauth/complete-oauth";
import { previewOAuth } from "@/lib/flows/oauth/preview-oauth";
import { switchAccount } from "./oauth/switch-account";
import { previewEmailUndo } from "./email-change/preview-email-undo";
import { readPendingEmailChange } from "./email-change/read-pending-email-change";
import { requestEmailChange } from "./email-change/request-email-change";
import { undoEmailChange } from "./email-change/undo-email-change";
import { verifyEmailChange } from "./email-change/verify-email-change";
import { exportAccount } from "./account-data/export-account";
import { deleteAccount } from "./deletion/delete-account";
import { previewRestore } from "./deletion/preview-restore";
import { readDeletion } from "./deletion/read-deletion";
import { restoreAccount } from "./deletion/restore-account";
import { restoreByLink } from "./deletion/restore-by-link";
import { readProfile } from "./profile/read-profile";
import { updateProfile } from "./profile/update-profile";
import { readPasswordStatus } from "@/lib/flows/password/read-password-status";
import { previewPasswordReset } from "./password/preview-password-reset";
import { redeemPasswordReset } from "./password/redeem-password-reset";
import { redeemPasswordResetCode } from "./password/redeem-password-reset-code";
import { removePassword } from "./password/remove-password";
import { requestPasswordReset } from "./password/request-password-reset";
import { setPassword } from "./password/set-password";
import { signInWithPassword } from "./password/sign-in-with-password";
import { previewSignInReport } from "./reports/preview-sign-in-report";
import { redeemSignInReport } from "./reports/redeem-sign-in-report";
import { listSessions } from "./sessions/list-sessions";
import { readSession } from "./sessions/read-session";
import { reportSession } from "./sessions/report-session";
import { revokeOtherSessions } from "./sessions/revoke-other-sessions";
import { revokeSession } from "./sessions/revoke-session";
import { signOut } from "./sessions/sign-out";
import { previewSetup } from "./setup/preview-setup";
import { redeemSetup } from "./setup/redeem-setup";
import { cancelInvitation } from "./staff/cancel-invitation";
import { listInvitations } from "./staff/list-invitations";
import { sendInvitation } from "./staff/send-invitation";
import { changeRole } from "./staff/change-role";
import { disableUser } from "./staff/disable-user";
import { enableUser } from "./staff/enable-user";
import { listLetters } from "./staff/list-letters";
import { listPendingSignUps } from "./staff/list-pending-sign-ups";
import { listUsers } from "./staff/list-users";
import { readSystem } from "./staff/read-system";
import { resendPendingSignUp } from "./staff/resend-pending-sign-up";
import { sendTestEmail } from "./staff/send-test-email";
import { readUser } from "./staff/read-user";
import { revokeUserSessions } from "./staff/revoke-user-sessions";
import { cancelMagicLink } from "./sign-in/cancel-magic-link";
import { previewMagicLink } from "./sign-in/preview-magic-link";
import { readPendingRequest } from "@/lib/flows/sign-in/read-pending-request";
import { redeemEmailCode } from "./sign-in/redeem-email-code";
import { redeemMagicLink } from "./sign-in/redeem-magic-link";
import { requestMagicLink } from "./sign-in/request-magic-link";
import { requestSignUp } from "./sign-up/request-sign-up";
import { resendSignUpCode } from "./sign-up/resend-sign-up-code";
import { verifySignUp } from "./sign-up/verify-sign-up";
import { previewStepUp } from "./step-up/preview-step-up";
import { requestStepUp } from "./step-up/request-step-up";
import { stepUpByCode } from "./step-up/step-up-by-code";
import { stepUpByLink } from "./step-up/step-up-by-link";
import { stepUpByPassword } from "./step-up/step-up-by-password";

/** The catalogue: everything that can be done here. `house.test.ts` holds it against code and README. */
export const flows: readonly AnyFlow[] = [
  requestMagicLink,
  readPendingRequest,
  previewMagicLink,
  redeemMagicLink,
  redeemEmailCode,
  cancelMagicLink,
  requestSignUp,
  resendSignUpCode,
  verifySignUp,
  signInWithPassword,
  requestPasswordReset,
  previewPasswordReset,
  redeemPasswordReset,
  redeemPasswordResetCode,
  startOAuth,
  completeOAuth,
  previewOAuth,
  switchAccount,
  readSession,
  listSessions,
  revokeSession,
  reportSession,
  revokeOtherSessions,
  signOut,
  previewSignInReport,
  redeemSignInReport,
  listAuthProviders,
  readMethodsLock,
  unlockMethods,
  listActivity,
  exportActivity,
  readProfile,
  updateProfile,
  requestEmailChange,
  readPendingEmailChange,
  verifyEmailChange,
  previewEmailUndo,
  undoEmailChange,
  exportAccount,
  deleteAccount,
  readDeletion,
  restoreAccount,
  previewRestore,
  restoreByLink,
  startLinkingProvider,
  linkProvider,
  confirmProvider,
  unlinkProvider,
  readPasswordStatus,
  setPassword,
  removePassword,
  requestStepUp,
  previewStepUp,
  stepUpByPassword,
  stepUpByCode,
  stepUpByLink,
  previewSetup,
  redeemSetup,
  listUsers,
  readUser,
  revokeUserSessions,
  disableUser,
  enableUser,
  changeRole,
  listPendingSignUps,
  resendPendingSignUp,
  listInvitations,
  sendInvitation,
  cancelInvitation,
  listLetters,
  sendTestEmail,
  readSystem,
  listAuditEvents,
  exportAuditEvents,
  issueAccessLink,
  listAccessLinks,
  cancelAccessLink,
  previewAccessLink,
  redeemAccessLink,
  startStaffEmailChange,
  cancelStaffEmailChange,
  previewStaffEmailChange,
  confirmStaffEmailChange,
  previewEmailChangeStop,
  stopEmailChangeByLink,
  readStaffEmailChange,
  stopEmailChange,
  readMailbox,
  clearLimits,
];
