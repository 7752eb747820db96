/** Which events of the audit log each filter of the activity page shows, whatever their outcome. */
export const activityKinds = {
  sign_ins: [
    "magic_link.redeem",
    "email_code.redeem",
    "sign_up.verify",
    "password.sign_in",
    "oauth.complete",
    "oauth.switch_account",
    "access_link.redeem",
    "session.sign_out",
  ],
  changes: [
    "account.delete",
    "account.restore",
    "account.restore_by_link",
    "profile.update",
    "email_change.verify",
    "email_change.undo",
    "password_reset.redeem",
    "password_reset.redeem_code",
    "password.set",
    "password.remove",
    "auth_provider.link",
    "auth_provider.confirm",
    "auth_provider.unlink",
    "sign_in_report.redeem",
    "session.report",
    "methods.unlock",
    "session.revoke",
    "session.revoke_others",
    "setup.redeem",
    "user.revoke_sessions",
    "user.disable",
    "user.enable",
    "user.change_role",
    "access_link.issue",
    "staff_email_change.confirm",
    "staff_email_change.stop",
    "staff_email_change.stop_by_link",
    "staff_email_change.apply",
  ],
} as const;

/** Events that started a session, where their outcome is "ok": its user may report it. */
export const signInEvents: readonly string[] = [
  ...activityKinds.sign_ins.filter((event) => event !== "session.sign_out"),
  "password_reset.redeem",
  "password_reset.redeem_code",
];

/**
 * What staff do to a user's account. The user sees that it was done, and not from where or what was refused.
 */
export const staffEvents: readonly string[] = [
  "user.revoke_sessions",
  "user.disable",
  "user.enable",
  "user.change_role",
  "access_link.issue",
  "access_link.cancel",
  "staff_email_change.start",
  "staff_email_change.cancel",
];
