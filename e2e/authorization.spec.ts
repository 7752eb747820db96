import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { hash } from "@node-rs/argon2";
import { en } from "@/messages/en";
import { flows } from "@/lib/flows";
import { bounds } from "@/lib/core/policy";
import { digest } from "@/lib/core/crypto";
import { Client } from "./support/client";
import type { Db } from "./support/db";
import { extents } from "./support/extents";
import { type Form, formWith } from "./support/forms";
import type { HttpResponse, Sent } from "./support/http";
import type { Inbox, SignInLetter } from "./support/inbox";
import { disguises, spellings } from "./support/odd-requests";
import { setUser, keysOf, type OidcServers, testWithProviders as test } from "./support/oidc";
import { insertSetupLink } from "./support/setup-link";
import { insertPendingIdentity } from "./support/pending-identity";
import { routes } from "./support/routes";
import { Server } from "./support/server";
import { expect } from "./support/test";
import { type Provider, startOAuth, callbackUrlFrom } from "./support/oauth";
import { insertDeletedUser, insertEmailChangeStop, insertEmailUndo } from "./support/undo-links";
import { buildWithoutProxy } from "./support/project-copy";

/**
 * Every page, form and API operation × every kind of caller, on the normal build and on one without
 * proxy.ts: only the runner authorizes a request.
 */

const testWithoutProxy = test.extend<object, { server: Server }>({
  build: [
    async ({}, use) => {
      const { project, remove } = await buildWithoutProxy();
      await use({ project });
      remove();
    },
    { scope: "worker" },
  ],
  server: [
    async ({ database, oidc, build: { project } }, use) => {
      const settings = keysOf(oidc);
      const server = await Server.start({ databaseUrl: database.url, project, settings });
      await use(server);
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
});

const adasPassword = "four unrelated words here";
const guessedPassword = "what Mallory would guess";
const newPassword = "quite another set of words";

/** What Ada has during an attempt: a phone with a session, and pending emails. */
interface Scene {
  readonly ada: string;
  /** The address of her pending sign-up. */
  readonly work: string;
  readonly signUpCode: string;
  /** The password that the caller types. */
  readonly password: string;
  readonly phone: string;
  readonly adaId: string;
  /** Her pending sign-up. */
  readonly pendingId: string;
  readonly accessLinkId: string;
  readonly letter: SignInLetter;
  readonly reset: SignInLetter;
  readonly stepUp: SignInLetter;
  /** The address that she wants to have, and the code that was sent there. */
  readonly newEmail: string;
  readonly newEmailCode: string;
  /** The link that undoes her last change of the address, from `oldEmail`. */
  readonly undo: { readonly path: string; readonly token: string };
  readonly oldEmail: string;
  /** The link that stops the change of her address that staff have started. */
  readonly stop: { readonly path: string; readonly token: string };
  /** The address of another account of hers, and the letter by which she confirms a new one for it. */
  readonly moving: string;
  readonly moved: SignInLetter;
  /** The address of another account of hers, which she has deleted, and the link that restores it. */
  readonly gone: string;
  readonly restore: { readonly path: string; readonly token: string };
  /** The path of the link about a sign-in from a new device. */
  readonly report: string;
  /** The id of her sign-in in the audit log. */
  readonly event: string;
  /** The address that the caller types. */
  readonly typed: string;
  readonly access: SignInLetter;
  /** The form of an action, read once from its page. */
  readonly formOf: (action: string) => Promise<Form>;
  /** Her browser: it has her session, requested the emails, and has a pending Google identity. */
  readonly home: Client;
  /** Signs in at a provider; returns the callback URL and the cookies of that browser. */
  readonly authorize: (provider: Provider) => Promise<{ callback: string; cookies: Client["jar"] }>;
}

/** A page, form or operation, aimed at Ada's account where it can name one. */
interface Attempt {
  readonly flow: string | null;
  /** `stepUp`: a session that authenticated within the last ten minutes. `staff`: none of the callers. */
  readonly needs: "stepUp" | "session" | "staff" | "nothing";
  readonly ask: (client: Client, scene: Scene, headers: Sent["headers"]) => Promise<HttpResponse>;
}

const page = (path: string, flow: string | null, needs: Attempt["needs"] = "nothing"): Attempt => ({
  flow,
  needs,
  ask: (client, scene, headers) => {
    const { letter, reset, stepUp, undo, restore, report, access, stop, moved, adaId } = scene;
    const live: Record<string, string> = {
      "/l/unknown": letter.path,
      "/l/reset/unknown": reset.path,
      "/l/confirm/unknown": stepUp.path,
      "/l/undo/unknown": undo.path,
      "/l/stop/unknown": stop.path,
      "/l/email/unknown": moved.path,
      "/l/restore/unknown": restore.path,
      "/l/report/unknown": report,
      "/l/access/unknown": access.path,
      "/account/disconnect/{provider}": "/account/disconnect/google",
    };
    return client.send(live[path] ?? path.replace("{id}", adaId), { headers: headers! });
  },
});

const pages: Record<string, Attempt> = Object.fromEntries(
  (
    [
      ["/", null],
      ["/.well-known/change-password", null],
      ["/account", "session.list", "session"],
      ["/account/activity", "activity.list", "session"],
      ["/account/connect", "oauth.preview", "session"],
      ["/account/delete", "profile.read", "session"],
      ["/account/export", "account.export", "session"],
      ["/account/restore", "account.read_deletion", "session"],
      ["/account/disconnect/{provider}", "auth_provider.list", "session"],
      ["/account/email", "profile.read", "session"],
      ["/account/email/check", "email_change.pending", "session"],
      ["/account/methods", "auth_provider.list", "session"],
      ["/account/password", "password.read_status", "stepUp"],
      ["/account/password/remove", "auth_provider.list", "session"],
      ["/account/confirm", "auth_provider.list", "session"],
      ["/account/profile", "profile.read", "session"],
      ["/account/sessions", "session.list", "session"],
      ["/account/sessions/sign-out-others", "session.list", "session"],
      ["/admin/invitations", "invitation.list", "staff"],
      ["/admin/mail", "outbox.list", "staff"],
      ["/admin/sign-ups", "pending_sign_up.list", "staff"],
      ["/admin/system", "system.read", "staff"],
      ["/admin/audit", "audit.list", "staff"],
      ["/admin/audit/export", "audit.export", "staff"],
      ["/admin/users", "user.list", "staff"],
      ["/admin/users/{id}", "user.read", "staff"],
      ["/admin/users/{id}/access-link", "user.read", "staff"],
      ["/admin/users/{id}/disable", "user.read", "staff"],
      ["/admin/users/{id}/email", "user.read", "staff"],
      ["/admin/users/{id}/enable", "user.read", "staff"],
      ["/admin/users/{id}/role", "user.read", "staff"],
      ["/admin/users/{id}/sign-out", "user.read", "staff"],
      ["/api/auth/session", "session.read"],
      ["/api/auth/un/known", null],
      ["/api/mailbox/{id}", "mailbox.read"],
      ["/api/un/known", null],
      ["/api/v1/openapi.json", null],
      ["/failed", null],
      ["/l", "session.read"],
      ["/l/access/unknown", "access_link.preview"],
      ["/l/confirm/unknown", "step_up.preview"],
      ["/l/email/unknown", "staff_email_change.preview"],
      ["/l/report/unknown", "sign_in_report.preview"],
      ["/l/reported", "session.read"],
      ["/l/reset/unknown", "password_reset.preview"],
      ["/l/restore/unknown", "account.preview_restore"],
      ["/l/stop/unknown", "staff_email_change.preview_stop"],
      ["/l/undo/unknown", "email_change.preview_undo"],
      ["/l/setup/unknown", "setup.preview"],
      ["/l/unknown", "magic_link.preview"],
      ["/livez", null],
      ["/metrics", null],
      ["/mailbox", "mailbox.read"],
      ["/password", null],
      ["/password/check", "verification.pending"],
      ["/readyz", null],
      ["/return", null],
      ["/sign-in", "session.read"],
      ["/sign-in/check", "verification.pending"],
      ["/sign-in/connect", "oauth.preview"],
      ["/sign-in/continue", null],
      ["/sign-in/password", "session.read"],
      ["/sign-in/problem", null],
      ["/sign-in/switch", "oauth.preview"],
      ["/sign-up", "session.read"],
      ["/unavailable", null],
      ["/verify-email", "verification.pending"],
    ] as const
  ).map(([path, flow, needs]) => [path, page(path, flow, needs)]),
);

type Typed = Parameters<Client["post"]>[2];

const action = (
  name: string,
  at: string,
  flow: string | null,
  needs: Attempt["needs"],
  typed: (scene: Scene) => Typed = () => ({}),
): Attempt => ({
  flow,
  needs,
  // The form names the caller as the user whom its page showed; otherwise that check refuses it first.
  ask: async (client, scene, headers) => {
    const values = { ...typed(scene), ...(await client.shownToField()) };
    return client.post(at, await scene.formOf(name), values, headers ?? undefined);
  },
});

const email = "other@example.com";
const reason = "For a test";
/** A page of a user: only the page that has a form takes it, whoever it is about. */
const userPage = (name: string) => `/admin/users/00000000-0000-4000-8000-000000000000/${name}`;
/** The address that the account of a change by staff has; other callers type their own. */
const presentOf = ({ typed, ada, moving }: Scene) => (typed === ada ? moving : typed);
/** What staff do to Ada. */
const act = ({ adaId }: Scene) => ({ id: adaId, reason });

const actions: Record<string, Attempt> = Object.fromEntries(
  (
    [
      ["submitSignOut", "/account", "session.sign_out", "session"],
      [
        "signOutDevice",
        "/account/sessions",
        "session.revoke",
        "session",
        ({ phone }) => ({ id: phone }),
      ],
      ["signOutOthers", "/account/sessions/sign-out-others", "session.revoke_others", "session"],
      [
        "saveProfile",
        "/account/profile",
        "profile.update",
        "session",
        () => ({ name: "Ada", timeZone: "Europe/London" }),
      ],
      ["submitNewEmail", "/account/email", "email_change.request", "stepUp", () => ({ email })],
      [
        "submitNewEmailCode",
        "/account/email/check",
        "email_change.verify",
        "session",
        ({ newEmail, newEmailCode }) => ({ email: newEmail, code: newEmailCode }),
      ],
      ["submitEmailUndo", "/l/undo/x", "email_change.undo", "nothing"],
      [
        "submitDeletion",
        "/account/delete",
        "account.delete",
        "stepUp",
        ({ ada }) => ({ email: ada }),
      ],
      ["submitRestoration", "/account/restore", "account.restore", "session"],
      ["submitRestoreLink", "/l/restore/x", "account.restore_by_link", "nothing"],
      ["submitLinkRequest", "/sign-in", "magic_link.request", "nothing", () => ({ email })],
      [
        "submitCode",
        "/sign-in/check",
        "email_code.redeem",
        "nothing",
        ({ ada, letter }) => ({ email: ada, code: letter.code }),
      ],
      ["submitLink", "/l/x", "magic_link.redeem", "nothing"],
      ["submitLinkCancellation", "/l/x", "magic_link.cancel", "nothing"],
      [
        "submitSignInReport",
        "/l/report/x",
        "sign_in_report.redeem",
        "nothing",
        ({ typed }) => ({ username: typed }),
      ],
      ["clearAllLimits", "/mailbox", "mailbox.clear_limits", "nothing"],
      [
        "signUp",
        "/sign-up",
        "sign_up.request",
        "nothing",
        () => ({ email, password: newPassword }),
      ],
      ["resendCode", "/verify-email", "sign_up.resend", "nothing", ({ work }) => ({ email: work })],
      [
        "submitSignUpCode",
        "/verify-email",
        "sign_up.verify",
        "nothing",
        ({ work, signUpCode }) => ({ email: work, code: signUpCode }),
      ],
      ["continueWithPassword", "/sign-in", null, "nothing", () => ({ email })],
      ["continueWithReset", "/sign-in", null, "nothing", () => ({ email })],
      [
        "signInByPassword",
        "/sign-in/password",
        "password.sign_in",
        "nothing",
        ({ ada, password }) => ({ email: ada, password }),
      ],
      ["submitResetRequest", "/password", "password_reset.request", "nothing", () => ({ email })],
      [
        "resetByCode",
        "/password/check",
        "password_reset.redeem_code",
        "nothing",
        ({ ada, reset }) => ({ email: ada, code: reset.code, password: newPassword }),
      ],
      [
        "resetByLink",
        "/l/reset/x",
        "password_reset.redeem",
        "nothing",
        () => ({ password: newPassword }),
      ],
      [
        "submitNewPassword",
        "/account/password",
        "password.set",
        "stepUp",
        () => ({ password: newPassword }),
      ],
      ["submitPasswordRemoval", "/account/password/remove", "password.remove", "stepUp"],
      ["submitStepUpRequest", "/account/confirm", "step_up.request", "session"],
      [
        "stepUpWithPassword",
        "/account/confirm",
        "step_up.password",
        "session",
        ({ password }) => ({ password }),
      ],
      [
        "stepUpWithCode",
        "/account/confirm",
        "step_up.code",
        "session",
        ({ stepUp }) => ({ code: stepUp.code }),
      ],
      ["cancelSuspended", "/account/confirm", null, "session"],
      // Needs nothing: to another user its page says only that the link is invalid.
      ["stepUpWithLink", "/l/confirm/x", "step_up.link", "nothing"],
      ["submitProvider", "/sign-in", "oauth.start", "nothing"],
      ["submitAccountSwitch", "/sign-in/switch", "oauth.switch_account", "nothing"],
      ["keepAccount", "/sign-in/switch", null, "nothing"],
      ["dismissPending", "/account/connect", null, "nothing"],
      [
        "connect",
        "/account/methods",
        "oauth.start_linking",
        "stepUp",
        () => ({ provider: "google" }),
      ],
      ["linkPendingProvider", "/account/connect", "auth_provider.link", "stepUp"],
      ["confirmProvider", "/account/methods", "auth_provider.confirm", "stepUp"],
      [
        "submitSessionReport",
        "/account/activity",
        "session.report",
        "stepUp",
        ({ event }) => ({ event }),
      ],
      ["submitUnlock", "/account/methods", "methods.unlock", "stepUp"],
      ["disconnect", "/account/disconnect/google", "auth_provider.unlink", "stepUp"],
      // The link works for nobody while there is an admin.
      ["submitSetup", "/l/setup/x", "setup.redeem", "nothing"],
      [
        "resendSignUp",
        "/admin/sign-ups",
        "pending_sign_up.resend",
        "staff",
        ({ pendingId }) => ({ id: pendingId }),
      ],
      ["submitTestEmail", "/admin/mail", "outbox.send_test", "staff"],
      ["submitInvitation", "/admin/invitations", "invitation.send", "staff", () => ({ email })],
      ["submitInvitationCancellation", "/admin/invitations", "invitation.cancel", "staff"],
      ["submitAccessLink", "/l/access/x", "access_link.redeem", "nothing"],
      [
        "submitStaffEmailChange",
        "/l/email/x",
        "staff_email_change.confirm",
        "nothing",
        (scene) => ({ username: presentOf(scene), code: scene.moved.code }),
      ],
      ["submitEmailChangeStop", "/l/stop/x", "staff_email_change.stop_by_link", "nothing"],
      ["stopScheduledEmailChange", "/account/profile", "staff_email_change.stop", "session"],
      [
        "startEmailChange",
        userPage("email"),
        "staff_email_change.start",
        "staff",
        ({ adaId }) => ({ id: adaId, reason, email }),
      ],
      [
        "cancelEmailChange",
        userPage("email"),
        "staff_email_change.cancel",
        "staff",
        ({ adaId }) => ({ id: adaId }),
      ],
      ["sendAccessLink", userPage("access-link"), "access_link.issue", "staff", act],
      [
        "voidAccessLink",
        userPage("access-link"),
        "access_link.cancel",
        "staff",
        ({ adaId, accessLinkId }) => ({ userId: adaId, id: accessLinkId }),
      ],
      ["submitUserSignOut", userPage("sign-out"), "user.revoke_sessions", "staff", act],
      ["submitDisabling", userPage("disable"), "user.disable", "staff", act],
      ["submitEnabling", userPage("enable"), "user.enable", "staff", act],
      [
        "submitRole",
        userPage("role"),
        "user.change_role",
        "staff",
        ({ adaId }) => ({ id: adaId, reason, role: "admin" }),
      ],
    ] as const satisfies readonly Parameters<typeof action>[]
  ).map((described) => [described[0], action(...(described as Parameters<typeof action>))]),
);

const json =
  (method: string, path: (scene: Scene) => string, body?: (scene: Scene) => unknown) =>
  (client: Client, scene: Scene, headers: Sent["headers"]) =>
    client.send(path(scene), {
      method,
      ...(body && { body: JSON.stringify(body(scene)) }),
      headers: { ...(body && { "content-type": "application/json" }), ...headers },
    });

const operation = (
  flow: string,
  needs: Attempt["needs"],
  method: string,
  path: string | ((scene: Scene) => string),
  body?: (scene: Scene) => unknown,
): Attempt => ({
  flow,
  needs,
  ask: json(method, (scene) => `/api/v1/${typeof path === "string" ? path : path(scene)}`, body),
});

/** By operation id; where the body selects the flow, once for each flow, with a suffix. */
const operations: Record<string, Attempt> = {
  requestMagicLink: operation("magic_link.request", "nothing", "POST", "magic-links", () => ({
    email,
  })),
  readPendingRequest: operation("verification.pending", "nothing", "GET", "magic-links"),
  previewMagicLink: operation(
    "magic_link.preview",
    "nothing",
    "POST",
    "magic-links/previews",
    ({ letter: { token } }) => ({ token }),
  ),
  cancelMagicLink: operation(
    "magic_link.cancel",
    "nothing",
    "POST",
    "magic-links/cancellations",
    ({ letter: { token } }) => ({ token }),
  ),
  signIn: operation("magic_link.redeem", "nothing", "POST", "sessions", ({ letter }) => ({
    token: letter.token,
  })),
  "signIn by code": operation(
    "email_code.redeem",
    "nothing",
    "POST",
    "sessions",
    ({ ada, letter }) => ({ email: ada, code: letter.code }),
  ),
  "signIn by password": operation(
    "password.sign_in",
    "nothing",
    "POST",
    "sessions",
    ({ ada, password }) => ({ email: ada, password }),
  ),
  listActivity: operation("activity.list", "session", "GET", "activity"),
  listOlderActivity: {
    flow: "activity.list",
    needs: "session",
    async ask(client, _, headers) {
      // Of her own: the id of an event of somebody else shows nothing.
      const { body } = await client.send("/api/v1/activity", { headers: headers! });
      const [, newest = "1"] = /"id":"(\d+)"/.exec(body) ?? [];
      return client.send(`/api/v1/activity/${newest}`, { headers: headers! });
    },
  },
  exportActivity: operation("activity.export", "session", "GET", "activity/export"),
  readProfile: operation("profile.read", "session", "GET", "profile"),
  updateProfile: operation("profile.update", "session", "PUT", "profile", () => ({
    name: "Ada",
    timeZone: "Europe/London",
  })),
  requestEmailChange: operation("email_change.request", "stepUp", "POST", "email-changes", () => ({
    email,
  })),
  readPendingEmailChange: operation("email_change.pending", "session", "GET", "email-changes"),
  verifyEmailChange: operation(
    "email_change.verify",
    "session",
    "POST",
    "email-changes/verifications",
    ({ newEmail, newEmailCode }) => ({ email: newEmail, code: newEmailCode }),
  ),
  previewEmailUndo: operation(
    "email_change.preview_undo",
    "nothing",
    "POST",
    "email-changes/previews",
    ({ undo: { token } }) => ({ token }),
  ),
  undoEmailChange: operation(
    "email_change.undo",
    "nothing",
    "POST",
    "email-changes/undos",
    ({ undo: { token } }) => ({ token }),
  ),
  exportAccount: operation("account.export", "session", "GET", "account/export"),
  deleteAccount: operation("account.delete", "stepUp", "POST", "account/deletions", ({ ada }) => ({
    email: ada,
  })),
  readDeletion: operation("account.read_deletion", "session", "GET", "account/deletions"),
  previewRestore: operation(
    "account.preview_restore",
    "nothing",
    "POST",
    "account/deletions/previews",
    ({ restore: { token } }) => ({ token }),
  ),
  restoreAccount: operation(
    "account.restore_by_link",
    "nothing",
    "POST",
    "account/deletions/undos",
    ({ restore: { token } }) => ({ token }),
  ),
  "restoreAccount in its session": operation(
    "account.restore",
    "session",
    "POST",
    "account/deletions/undos",
    () => ({}),
  ),
  listSessions: operation("session.list", "session", "GET", "sessions"),
  revokeOtherSessions: operation("session.revoke_others", "session", "DELETE", "sessions"),
  revokeSession: operation(
    "session.revoke",
    "session",
    "DELETE",
    ({ phone }) => `sessions/${phone}`,
  ),
  readSession: operation("session.read", "nothing", "GET", "session"),
  checkSession: {
    flow: "session.read",
    needs: "nothing",
    ask: (client, _, headers) => client.send("/check", { headers: headers! }),
  },
  signOut: operation("session.sign_out", "session", "DELETE", "session"),
  listAuthProviders: operation("auth_provider.list", "session", "GET", "auth-providers"),
  requestSignUp: operation("sign_up.request", "nothing", "POST", "sign-ups", () => ({
    email,
    password: newPassword,
  })),
  resendSignUpCode: operation(
    "sign_up.resend",
    "nothing",
    "POST",
    "sign-ups/resends",
    ({ work }) => ({
      email: work,
    }),
  ),
  verifySignUp: operation(
    "sign_up.verify",
    "nothing",
    "POST",
    "sign-ups/verifications",
    ({ work, signUpCode }) => ({ email: work, code: signUpCode }),
  ),
  requestPasswordReset: operation(
    "password_reset.request",
    "nothing",
    "POST",
    "password-resets",
    () => ({
      email,
    }),
  ),
  previewPasswordReset: operation(
    "password_reset.preview",
    "nothing",
    "POST",
    "password-resets/previews",
    ({ reset: { token } }) => ({ token }),
  ),
  redeemPasswordReset: operation(
    "password_reset.redeem",
    "nothing",
    "POST",
    "password-resets/redemptions",
    ({ reset: { token } }) => ({ token, password: newPassword }),
  ),
  "redeemPasswordReset by code": operation(
    "password_reset.redeem_code",
    "nothing",
    "POST",
    "password-resets/redemptions",
    ({ ada, reset: { code } }) => ({ email: ada, code, password: newPassword }),
  ),
  readPasswordStatus: operation("password.read_status", "stepUp", "GET", "password"),
  setPassword: operation("password.set", "stepUp", "PUT", "password", () => ({
    password: newPassword,
  })),
  removePassword: operation("password.remove", "stepUp", "DELETE", "password"),
  requestStepUp: operation(
    "step_up.request",
    "session",
    "POST",
    "session/step-ups/requests",
    () => ({}),
  ),
  stepUp: operation(
    "step_up.link",
    "session",
    "POST",
    "session/step-ups",
    ({ stepUp: { token } }) => ({ token }),
  ),
  "stepUp by code": operation(
    "step_up.code",
    "session",
    "POST",
    "session/step-ups",
    ({ stepUp: { code } }) => ({ code }),
  ),
  "stepUp by password": operation(
    "step_up.password",
    "session",
    "POST",
    "session/step-ups",
    ({ password }) => ({ password }),
  ),
  startLinkingProvider: operation(
    "oauth.start_linking",
    "stepUp",
    "POST",
    "auth-providers/links",
    () => ({ provider: "google" }),
  ),
  previewSignInReport: operation(
    "sign_in_report.preview",
    "nothing",
    "POST",
    "sign-in-reports/previews",
    (scene) => ({ token: reportToken(scene) }),
  ),
  redeemSignInReport: operation(
    "sign_in_report.redeem",
    "nothing",
    "POST",
    "sign-in-reports",
    (scene) => ({ token: reportToken(scene), email: scene.typed }),
  ),
  reportSession: operation("session.report", "stepUp", "POST", "activity/reports", ({ event }) => ({
    event,
  })),
  readMethodsLock: operation("methods.read_lock", "session", "GET", "methods-lock"),
  unlockMethods: operation("methods.unlock", "stepUp", "DELETE", "methods-lock"),
  unlinkProvider: operation("auth_provider.unlink", "stepUp", "DELETE", "auth-providers/google"),
  previewSetup: operation("setup.preview", "nothing", "POST", "admin/setup/previews", () => ({
    token: "x",
  })),
  redeemSetup: operation("setup.redeem", "session", "POST", "admin/setup", () => ({ token: "x" })),
  listAuditEvents: operation(
    "audit.list",
    "staff",
    "POST",
    "admin/audit-events/searches",
    ({ ada }) => ({ user: ada }),
  ),
  exportAuditEvents: operation(
    "audit.export",
    "staff",
    "POST",
    "admin/audit-events/exports",
    ({ ada }) => ({ user: ada }),
  ),
  issueAccessLink: operation("access_link.issue", "staff", "POST", "admin/access-links", act),
  listAccessLinks: operation(
    "access_link.list",
    "staff",
    "GET",
    ({ adaId }) => `admin/access-links/${adaId}`,
  ),
  cancelAccessLink: operation(
    "access_link.cancel",
    "staff",
    "POST",
    "admin/access-links/cancellations",
    ({ adaId, accessLinkId }) => ({ userId: adaId, id: accessLinkId }),
  ),
  previewAccessLink: operation(
    "access_link.preview",
    "nothing",
    "POST",
    "access-links/previews",
    ({ access }) => ({ token: access.token }),
  ),
  redeemAccessLink: operation(
    "access_link.redeem",
    "nothing",
    "POST",
    "access-links/redemptions",
    ({ access }) => ({ token: access.token }),
  ),
  startStaffEmailChange: operation(
    "staff_email_change.start",
    "staff",
    "POST",
    "admin/email-changes",
    ({ adaId }) => ({ id: adaId, reason, email }),
  ),
  cancelStaffEmailChange: operation(
    "staff_email_change.cancel",
    "staff",
    "POST",
    "admin/email-changes/cancellations",
    ({ adaId }) => ({ id: adaId }),
  ),
  previewStaffEmailChange: operation(
    "staff_email_change.preview",
    "nothing",
    "POST",
    "staff-email-changes/previews",
    ({ moved: { token } }) => ({ token }),
  ),
  confirmStaffEmailChange: operation(
    "staff_email_change.confirm",
    "nothing",
    "POST",
    "staff-email-changes/confirmations",
    (scene) => ({
      token: scene.moved.token,
      code: scene.moved.code,
      email: presentOf(scene),
    }),
  ),
  previewEmailChangeStop: operation(
    "staff_email_change.preview_stop",
    "nothing",
    "POST",
    "staff-email-changes/stop-previews",
    ({ stop: { token } }) => ({ token }),
  ),
  stopEmailChangeByLink: operation(
    "staff_email_change.stop_by_link",
    "nothing",
    "POST",
    "staff-email-changes/stops",
    ({ stop: { token } }) => ({ token }),
  ),
  readStaffEmailChange: operation(
    "staff_email_change.read",
    "session",
    "GET",
    "staff-email-change",
  ),
  stopEmailChange: operation("staff_email_change.stop", "session", "DELETE", "staff-email-change"),
  listUsers: operation("user.list", "staff", "POST", "admin/users/searches", () => ({})),
  readUser: operation("user.read", "staff", "GET", ({ adaId }) => `admin/users/${adaId}`),
  revokeUserSessions: operation(
    "user.revoke_sessions",
    "staff",
    "POST",
    "admin/users/sign-outs",
    act,
  ),
  disableUser: operation("user.disable", "staff", "POST", "admin/users/disablements", act),
  enableUser: operation("user.enable", "staff", "POST", "admin/users/enablements", act),
  listPendingSignUps: operation("pending_sign_up.list", "staff", "GET", "admin/sign-ups"),
  listMorePendingSignUps: operation(
    "pending_sign_up.list",
    "staff",
    "GET",
    ({ pendingId }) => `admin/sign-ups/${pendingId}`,
  ),
  resendPendingSignUp: operation(
    "pending_sign_up.resend",
    "staff",
    "POST",
    "admin/sign-ups/resends",
    ({ pendingId }) => ({ id: pendingId }),
  ),
  listInvitations: operation("invitation.list", "staff", "GET", "admin/invitations"),
  listMoreInvitations: operation(
    "invitation.list",
    "staff",
    "GET",
    ({ pendingId }) => `admin/invitations/${pendingId}`,
  ),
  sendInvitation: operation("invitation.send", "staff", "POST", "admin/invitations", () => ({
    email,
  })),
  cancelInvitation: operation(
    "invitation.cancel",
    "staff",
    "POST",
    "admin/invitations/cancellations",
    ({ pendingId }) => ({ id: pendingId }),
  ),
  listEmails: operation("outbox.list", "staff", "GET", "admin/emails"),
  listMoreEmails: operation("outbox.list", "staff", "POST", "admin/emails/searches", () => ({})),
  requestTestEmail: operation(
    "outbox.send_test",
    "staff",
    "POST",
    "admin/emails/tests",
    () => ({}),
  ),
  readSystem: operation("system.read", "staff", "GET", "admin/system"),
  changeRole: operation("user.change_role", "staff", "PUT", "admin/users/roles", (scene) => ({
    ...act(scene),
    role: "admin",
  })),
};

const reportToken = ({ report }: Scene) => report.slice("/l/report/".length);

/** The OAuth callback with a code that was issued to Ada, in any caller's browser. */
const callbacks: Record<string, Attempt> = Object.fromEntries(
  (["google", "linkedin"] as const).map((provider) => [
    `the callback from ${provider}`,
    {
      flow: "oauth.complete",
      needs: "nothing",
      async ask(client, { home, authorize }, headers) {
        const { callback, cookies } = await authorize(provider);
        const isHers = client.jar.get("latchkey-session") === home.jar.get("latchkey-session");
        if (isHers) for (const [name, value] of cookies) client.jar.set(name, value);
        return client.send(callback, { headers: headers! });
      },
    },
  ]),
);

// Actions and operations can have the same name.
const attempts = [
  ...Object.entries(pages),
  ...Object.entries(callbacks),
  ...Object.entries(actions).map(([name, attempt]) => [`the form ${name}`, attempt] as const),
  ...Object.entries(operations),
];

test("the tables name every page, action, operation and flow", () => {
  const document = JSON.parse(readFileSync("docs/openapi.json", "utf8")) as {
    paths: Record<string, Record<string, DocumentedOperation>>;
  };
  const documented = Object.values(document.paths)
    .flatMap((methods) => Object.values(methods))
    .flatMap(({ operationId, requestBody }) => {
      const { oneOf = [{}] } = requestBody?.content["application/json"].schema ?? {};
      return operationId ? oneOf.map(() => operationId) : [];
    });
  const inTable = Object.keys(operations).map((name) => name.split(" ")[0]);
  expect(inTable.sort()).toEqual(documented.sort());
  const elsewhere = routes({
    id: "{id}",
    provider: "{provider}",
    after: "{after}",
    before: "{before}",
  }).filter((path) => !(path in document.paths));
  expect(Object.keys(pages).sort()).toEqual(elsewhere);
  const written = readdirSync("app", { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => readFileSync(`app/${file}`, "utf8"))
    .filter((text) => /^\s*"use server"/m.test(text))
    .flatMap((text) =>
      [...text.matchAll(/^export async function (\w+)/gm)].map(([, name]) => name),
    );
  expect(Object.keys(actions).sort()).toEqual(written.sort());
  const tried = new Set(attempts.map(([, { flow }]) => flow));
  expect(flows.filter(({ name }) => !tried.has(name))).toEqual([]);
  const known: (string | null)[] = flows.map(({ name }) => name);
  expect([...tried].filter((name) => name !== null && !known.includes(name))).toEqual([]);
});

interface DocumentedOperation {
  readonly operationId?: string;
  /** Several schemas where the body selects the flow. */
  readonly requestBody?: { content: { "application/json": { schema: { oneOf?: object[] } } } };
}

/** The callers. Only the last one may read or change Ada's data. */
const roles = [
  "a visitor without a session",
  "Ada after her session ended",
  "Leo, whose account is disabled",
  "Mallory",
  "another site in Ada's browser",
  "Ada, who last authenticated 11 minutes ago",
  "Ada",
] as const;
type Role = (typeof roles)[number];
const withoutSession: readonly Role[] = roles.slice(0, 3);

/** All roles, or of those without a session, which are refused alike, one in turn. */
const rolesOf = (at: number, isWhole: boolean) =>
  isWhole ? roles : [withoutSession[at % withoutSession.length]!, ...roles.slice(3)];

interface Cast {
  readonly leo: string;
  readonly mallory: string;
}

interface SessionAge {
  readonly endsIn?: string;
  readonly authAge?: string;
}

/** A browser with a session of this user; a negative `endsIn` makes it an ended one. */
async function browserOf(
  server: Server,
  { sql }: Db,
  email: string,
  { endsIn = "1 hour", authAge = "0" }: SessionAge = {},
) {
  const client = new Client(server);
  const token = randomBytes(32).toString("base64url");
  client.jar.set("latchkey-session", token);
  const [session] = await sql<{ id: string }[]>`
    insert into sessions (token_digest, user_id, method, browser, idle_seconds, ends_at, authenticated_at)
    select ${digest("session", token)}, id, 'magic_link', 'Phone', 86400,
      now() + ${endsIn}::interval, now() - ${authAge}::interval
    from users where email = ${email} returning id`;
  return { client, id: session!.id };
}

async function clientOf(
  role: Role,
  server: Server,
  db: Db,
  { leo, mallory }: Cast,
  { ada, home }: Pick<Scene, "ada" | "home">,
) {
  switch (role) {
    case "a visitor without a session":
      return new Client(server);
    case "Ada after her session ended":
      return (await browserOf(server, db, ada, { endsIn: "-1 second" })).client;
    case "Leo, whose account is disabled":
      return (await browserOf(server, db, leo)).client;
    case "Mallory":
      return (await browserOf(server, db, mallory)).client;
    case "Ada, who last authenticated 11 minutes ago":
      return (await browserOf(server, db, ada, { authAge: "11 minutes" })).client;
    case "another site in Ada's browser":
    case "Ada": {
      const client = new Client(server);
      for (const [name, value] of home.jar) client.jar.set(name, value);
      return client;
    }
  }
}

/** Leo, whose account is disabled, and Mallory. */
async function castOf(server: Server, { sql }: Db, inbox: Inbox, newAddress: NewAddress) {
  const cast = { leo: newAddress("leo"), mallory: newAddress("mallory") };
  for (const email of Object.values(cast)) await new Client(server).signIn(email, inbox);
  await sql`update users set disabled_at = now() where email = ${cast.leo}`;
  return cast;
}

type NewAddress = (name: string) => string;

const hashed = hash(adasPassword, bounds.argon2);

/** A user with every sign-in method, of which Google needs her confirmation. */
async function makeAda({ sql }: Db, email: string): Promise<void> {
  await sql`with inserted as (
      insert into users (email, password_hash) values (${email}, ${await hashed}) returning id
    )
    insert into auth_providers (user_id, provider, subject, address, confirmation_required_at)
    select id, provider, subject, subject, confirmation from inserted, (values
      ('email', null, null), ('magic_link', null, null), ('linkedin', ${email}, null),
      ('google', ${email}, now())) as methods (provider, subject, confirmation)`;
}

/** A new Ada with a pending request of each kind. */
async function sceneOf(
  server: Server,
  db: Db,
  inbox: Inbox,
  newAddress: NewAddress,
  { oidc, mallory, leo }: { oidc: OidcServers } & Cast,
): Promise<Scene> {
  const [ada, work] = [newAddress("ada"), newAddress("ada-at-work")];
  const [newEmail, oldEmail, gone] = ["new", "old", "gone"].map((name) => newAddress(name)) as [
    string,
    string,
    string,
  ];
  const [moving, movedTo] = [newAddress("moving"), newAddress("moved")];
  await makeAda(db, ada);
  const asker = new Client(server);
  await asker.requestLink(ada);
  await asker.submit("/password", "Email me a link", { email: ada });
  await asker.submit("/sign-up", "Sign up", { email: work, password: adasPassword });
  const { client: home } = await browserOf(server, db, ada);
  home.jar.set("latchkey-mail_request", asker.jar.get("latchkey-mail_request")!);
  await home.submit("/account/confirm", "Email me a link and a code");
  await insertPendingIdentity(db, home, ada);
  const { client: other } = await browserOf(server, db, mallory);
  await insertPendingIdentity(db, other, ada);
  const { client: late } = await browserOf(server, db, ada, { authAge: "11 minutes" });
  await home.json("/api/v1/email-changes", { email: newEmail });
  const mailRequest = home.jar.get("latchkey-mail_request");
  const undo = await insertEmailUndo(db, ada, { oldEmail, mailRequest });
  const restore = await insertDeletedUser(db, gone, mailRequest);
  const stop = await insertEmailChangeStop(db, ada, mailRequest);
  const { client: leaving } = await browserOf(server, db, gone);
  await new Client(server).json("/api/v1/sessions", { email: ada, password: adasPassword });
  // A device that she used long before, so that she may lift a lock of her sign-in methods there.
  const device = randomBytes(32).toString("base64url");
  home.jar.set("latchkey-device", device);
  await db.sql`insert into known_devices (device_digest, user_id, created_at)
    select ${digest("device", device)}, id, now() - interval '2 days' from users where email = ${ada}`;
  await db.sql`update users set role = 'member' where role <> 'member'`;
  const setupForm = formWith((await home.get(await insertSetupLink(db))).body, "Make me an admin");
  const boss = newAddress("boss");
  await makeAda(db, boss);
  await db.sql`update users set role = 'admin' where email = ${boss}`;
  const idOf = async (address: string) =>
    (await db.sql<{ id: string }[]>`select id from users where email = ${address}`)[0]!.id;
  const [adaId, disabledId] = [await idOf(ada), await idOf(leo)];
  const { client: staff } = await browserOf(server, db, boss);
  await staff.submit(`/admin/users/${adaId}/access-link`, "Send access link", { reason });
  // As if Ada's browser had asked for it: it needs no address, and others do.
  await db.sql`update verifications set requesting_browser_digest = (
      select requesting_browser_digest from verifications
      where purpose = 'magic_link' and identifier = ${ada} limit 1)
    where purpose = 'access_link' and identifier = ${ada}`;
  const [accessLink] = await db.sql<{ id: string }[]>`
    select id from verifications where purpose = 'access_link' and identifier = ${ada}`;
  await makeAda(db, moving);
  await db.markVerified(moving);
  await staff.submit(`/admin/users/${await idOf(moving)}/email`, "Send a code to the new address", {
    email: movedTo,
    reason,
  });
  const moved = await inbox.letterTo(movedTo);
  const letters: SignInLetter[] = [];
  for (let n = 0; n < 4; n += 1) letters.push(await inbox.linkTo(ada));
  const by = (path: RegExp) => letters.find((letter) => path.test(letter.path))!;
  const mails = {
    letter: by(/^\/l\/[^/]+$/),
    reset: by(/^\/l\/reset\//),
    stepUp: by(/^\/l\/confirm\//),
    access: by(/^\/l\/access\//),
  };
  const report = await inbox.reportTo(ada);
  const [signIn] = await db.sql<{ id: string }[]>`select e.id::text from audit_events e
    join users u on u.id = subject_id where event = 'password.sign_in' and email = ${ada}`;
  const event = signIn!.id;
  return {
    ...{ ada, work, home, event, newEmail, oldEmail, gone, undo, restore, stop, moving, moved },
    newEmailCode: await inbox.codeTo(newEmail),
    ...mails,
    report,
    typed: ada,
    signUpCode: await inbox.codeTo(work),
    password: adasPassword,
    phone: (await browserOf(server, db, ada)).id,
    adaId,
    pendingId: (
      await db.sql<{ id: string }[]>`
      select id from verifications where identifier = ${work} and purpose = 'sign_up'`
    )[0]!.id,
    formOf: formsOf(
      { home, asker, mallory: other, late, leaving, staff },
      {
        ...mails,
        ...{ undo, restore, report, event, stop, moved },
        ...{ adaId, disabledId, setupForm, work },
      },
    ),
    accessLinkId: accessLink!.id,
    async authorize(provider) {
      setUser(oidc[provider], ada);
      const browser = new Client(server);
      const callback = await callbackUrlFrom(await startOAuth(browser, provider));
      return { callback, cookies: browser.jar };
    },
  };
}

/** Ada's rows that an attempt could change; `asked` marks her pending requests. */
async function rowsOfAda({ sql }: Db, scene: Scene) {
  const { ada, work, newEmail, oldEmail, gone, moving, moved } = scene;
  const rows = await sql<{ what: string; asked: boolean }[]>`
    with adas as (select * from users where email in (${ada}, ${work}, ${gone}, ${moving}))
    select concat_ws(' ', 'account', id, disabled_at, delete_at, methods_locked_until, password_hash, name, time_zone) as what, false as asked from adas
    union all select concat_ws(' ', 'session', s.id, token_digest, authenticated_at), false
      from sessions s join adas on adas.id = s.user_id
    union all select concat_ws(' ', 'method', provider, subject, confirmation_required_at), false
      from auth_providers p join adas on adas.id = p.user_id
    union all select concat_ws(' ', 'oauth attempt', h.id, returned_at, subject, consumed_at), false
      from oauth_attempts h where email = ${ada} or session_id in (
        select s.id from sessions s join adas on adas.id = s.user_id)
    union all select concat_ws(' ', 'device', device_digest), false
      from known_devices d join adas on adas.id = d.user_id
    union all select concat_ws(' ', 'email change', c.id, undone_at), false
      from email_changes c join adas on adas.id = c.user_id
    union all select concat_ws(' ', 'asked', id, attempts, consumed_at, voided_at, password_hash), true
      from verifications where identifier in (${ada}, ${work}, ${newEmail}, ${oldEmail}, ${moved.to})`;
  return rows.map(({ what, asked }) => ({ what, asked }));
}

/** Flows that only add a pending request. */
const mailRequests = [
  "magic_link.request",
  "sign_up.request",
  "sign_up.resend",
  "password_reset.request",
  "step_up.request",
  "oauth.start",
];

/** Flows that change nothing of hers: there is an admin, so that nobody becomes the first one. */
const withoutEffect = ["mailbox.clear_limits", "setup.redeem", "account.restore"];

type Rows = Awaited<ReturnType<typeof rowsOfAda>>;

const isChanged = (before: Rows, after: Rows, mayAsk: boolean) => {
  const others = (these: Rows, those: Rows) =>
    these.filter(({ what }) => !those.some((that) => that.what === what));
  const gained = others(after, before).filter(({ asked }) => !(asked && mayAsk));
  return others(before, after).length > 0 || gained.length > 0;
};

/** Whether a browser is signed in as Ada. */
async function isSignedInAsAda(
  { sql }: Db,
  { jar }: Client,
  { ada, work }: Scene,
): Promise<boolean> {
  const tokenDigest = digest("session", jar.get("latchkey-session") ?? "");
  const sessions = await sql`select 1 from sessions s join users u on u.id = s.user_id
    where token_digest = ${tokenDigest} and email in (${ada}, ${work}) and ends_at > now()`;
  return sessions.length > 0;
}

// Next accepts a request without Origin, so without proxy.ts the runner must refuse it.
const fromElsewhere = { origin: undefined, "sec-fetch-site": "cross-site" };

/** Each flow once: by the API where possible, otherwise by its form or page. */
const oncePerFlow = [
  ...new Map(
    [...Object.entries(operations), ...attempts]
      .reverse()
      .map((one) => [one[1].flow, one] as const),
  ).values(),
].filter(([, { flow }]) => flow !== null);

/** Forms that submit Ada's address; a refusal leads to a page that begins with what was submitted. */
const formsWithAddress = ["submitCode", "signInByPassword", "resetByCode"].map(
  (name) => `the form ${name}`,
);

const [inPart, asAWhole] = extents;

for (const [how, testOnBuild, extent] of [
  ["in part", test, inPart],
  ["as a whole", test, asAWhole],
  ["as a whole, with proxy.ts deleted", testWithoutProxy, asAWhole],
] as const) {
  const { details, isWhole, pairs } = extent!;
  testOnBuild(
    `only Ada reads and changes her data, ${how}`,
    details,
    async ({ server, db, inbox, newAddress, oidc }) => {
      const cast = await castOf(server, db, inbox, newAddress);
      const wrong: string[] = [];
      let scene: Scene | null = null;

      const tried = isWhole ? attempts : oncePerFlow;
      for (const [at, [what, { flow, needs, ask }]] of tried.entries()) {
        await db.clearLimits();
        scene ??= await sceneOf(server, db, inbox, newAddress, { oidc, ...cast });
        const { ada, phone, newEmail } = scene;
        const writes = flows.some(({ name, kind }) => name === flow && kind === "write");
        const sendsMail = flow !== null && mailRequests.includes(flow);
        let isUsed = false;
        if (flow === "methods.unlock")
          await db.sql`update users set methods_locked_until = now() + interval '1 day' where email = ${ada}`;

        for (const role of rolesOf(at, isWhole)) {
          const complain = (of: string) => wrong.push(`${what} as ${role}: ${of}`);
          const foreign = role === "another site in Ada's browser";
          // A callback always comes from another site; its state protects it.
          if (foreign && (!writes || what in callbacks)) continue;
          const isOld = role === "Ada, who last authenticated 11 minutes ago";
          if (isOld && needs !== "stepUp") continue;
          await db.clearLimits();
          const client = await clientOf(role, server, db, cast, scene);
          const before = await rowsOfAda(db, scene);
          const isHers = foreign || role === "Ada";
          const known = {
            ...scene,
            password: isHers ? adasPassword : guessedPassword,
            typed: isHers ? ada : cast.mallory,
          };
          const response = await ask(client, known, foreign ? fromElsewhere : {});
          const { path, body } = await endOf(client, response);
          const changed = isChanged(before, await rowsOfAda(db, scene), sendsMail);
          isUsed ||= changed;
          const shown =
            !foreign &&
            [ada, phone, newEmail].some(
              (value) => textOf(response.body).includes(value) || textOf(body).includes(value),
            );

          if (response.status >= 500 && what !== "/unavailable") complain(`${response.status}`);
          if (needs === "staff") {
            if (changed) complain("changed her data");
            if (shown) complain(`shows her data at ${path}`);
            const isNotFound = response.status === 404 || body.includes(en["notFound.title"]);
            if (!foreign && !isNotFound) complain(`${response.status}, redirected to ${path}`);
            continue;
          }
          if (role === "Ada") {
            const mayChange = writes && !sendsMail && !withoutEffect.includes(flow ?? "");
            if (changed !== mayChange) complain(`changed her data: ${changed}`);
            const served = shown || /magic_link|"hasPassword":true|"canUnlock":false/.test(body);
            if (needs !== "nothing" && !writes && !served)
              complain(`shows ${response.status} ${path}`);
            continue;
          }
          if (changed) complain(`changed her data`);
          if (isOld) {
            const isRedirected = path.startsWith("/account/confirm?next=");
            const isRefused =
              response.status === 403 && response.body.includes('"step_up_required"');
            if (!isRedirected && !isRefused) complain(`${response.status}, redirected to ${path}`);
            continue;
          }
          // These pages may show the address, because the caller typed it.
          const mayShow =
            /^\/(mailbox|sign-in\/password)/.test(path) ||
            what === "/mailbox" ||
            (what === "the form submitDeletion" && path.startsWith("/account/delete")) ||
            (formsWithAddress.includes(what) && /^\/(sign-in|password)(\?|$)/.test(path));
          if (shown && !mayShow) complain(`shows her data at ${path}`);
          if (!foreign && (await isSignedInAsAda(db, client, scene))) complain("got a session");
          const mustSignIn = response.status === 401 || path.startsWith("/sign-in");
          if (needs !== "nothing" && withoutSession.includes(role) && !mustSignIn)
            complain(`${response.status}, redirected to ${path}`);
        }
        if (isUsed) scene = null;
      }
      expect(wrong).toEqual([]);
    },
  );

  testOnBuild(
    `no spelling and no header of a request shows account data without a session, ${how}`,
    details,
    async ({ server, db, inbox, newAddress }) => {
      const cast = await castOf(server, db, inbox, newAddress);
      const ada = newAddress("ada");
      await makeAda(db, ada);
      const { client: home } = await browserOf(server, db, ada);
      const ids = await db.sql<{ id: string }[]>`
        select id from sessions union all select id from users`;
      const secrets = [ada, ...Object.values(cast), ...ids.map(({ id }) => id), en["account.skip"]];
      const wrong: string[] = [];
      const look = async (client: Client, path: string, headers: Sent["headers"] = {}) => {
        const response = await client.send(path, { headers });
        const { status, body } = response;
        const what = `${path} ${JSON.stringify(headers)}: ${status}`;
        if (status >= 500) wrong.push(what);
        if (secrets.some((one) => body.includes(one))) wrong.push(`${what} shows account data`);
        // Next redirects a payload request to a URL with the `_rsc` parameter.
        const at = client.whereTo(response);
        if (at?.includes("_rsc") && at !== path) await look(client, at, headers);
      };
      const accountPages = routes({ provider: "google" }).filter((path) =>
        path.startsWith("/account"),
      );
      const paths = [...accountPages, ...accountOperations];
      const clients: Client[] = [];
      for (const role of withoutSession)
        clients.push(await clientOf(role, server, db, cast, { ada, home }));
      const visits = clients.flatMap((client) => paths.map((path) => ({ client, path })));
      for (const { client, path } of visits) await look(client, path);
      type Ask = (visit: (typeof visits)[number]) => Promise<void>;
      const variants: Ask[] = [
        ...spellings("/").map((_, n): Ask => {
          return ({ client, path }) => look(client, spellings(path)[n]!);
        }),
        ...disguises.map((headers): Ask => {
          return ({ client, path }) => look(client, path, headers);
        }),
      ];
      for (const [visit, ask] of pairs(visits, variants)) await ask(visit);
      expect(wrong).toEqual([]);
      await look(home, "/account");
      await look(home, "/account", { rsc: "1" });
      await look(home, accountOperations[0]!);
      expect(wrong).toHaveLength(3);
    },
  );
}

const accountOperations = ["sessions", "auth-providers", "password"].map(
  (path) => `/api/v1/${path}`,
);

/** The form of every action, read once from its page. */
function formsOf(
  {
    home,
    asker,
    mallory,
    late,
    leaving,
    staff,
  }: Record<"home" | "asker" | "mallory" | "late" | "leaving" | "staff", Client>,
  {
    letter,
    reset,
    stepUp,
    undo,
    stop,
    moved,
    restore,
    report,
    event,
    access,
    adaId,
    disabledId,
    setupForm,
    work,
  }: Pick<
    Scene,
    | "letter"
    | "reset"
    | "stepUp"
    | "undo"
    | "restore"
    | "report"
    | "event"
    | "stop"
    | "moved"
    | "access"
    | "adaId"
    | "work"
  > & {
    readonly disabledId: string;
    readonly setupForm: Form;
  },
): Scene["formOf"] {
  const stranger = new Client(home.serverAddress);
  const suspended = async () =>
    late.whereTo(await late.submit("/account/password/remove", "Remove password"))!;
  // In a browser that did not request the email, its page asks for the address; that field is dropped.
  const sources: Readonly<
    Record<string, readonly [Client, at: string | (() => Promise<string>), button: string]>
  > = {
    submitSignOut: [home, "/account", "Sign out"],
    signOutDevice: [home, "/account/sessions", "Sign out Phone"],
    signOutOthers: [home, "/account/sessions/sign-out-others", "Sign out everywhere else"],
    saveProfile: [home, "/account/profile", "Save"],
    submitNewEmail: [home, "/account/email", "Send a code"],
    submitNewEmailCode: [home, "/account/email/check", "Change address"],
    submitEmailUndo: [stranger, undo.path, "Restore the old address"],
    submitStaffEmailChange: [stranger, moved.path, "Confirm"],
    submitEmailChangeStop: [stranger, stop.path, "Stop the change"],
    stopScheduledEmailChange: [home, "/account/profile", "Stop the change"],
    startEmailChange: [staff, `/admin/users/${adaId}/email`, "Send a code to the new address"],
    cancelEmailChange: [staff, `/admin/users/${adaId}/email`, "Cancel the change"],
    submitDeletion: [home, "/account/delete", "Delete account"],
    submitRestoration: [leaving, "/account/restore", "Restore account"],
    submitRestoreLink: [stranger, restore.path, "Restore account"],
    submitLinkRequest: [stranger, "/sign-in", "Email me a sign-in link"],
    submitCode: [asker, "/sign-in/check", "Continue"],
    submitLink: [stranger, letter.path, "Sign in"],
    submitLinkCancellation: [stranger, letter.path, "Cancel this request"],
    submitSignInReport: [stranger, report, "This wasn’t me"],
    clearAllLimits: [stranger, "/mailbox", "Clear all limits"],
    signUp: [stranger, "/sign-up", "Sign up"],
    resendCode: [asker, "/verify-email", "Send again"],
    submitSignUpCode: [asker, "/verify-email", "Finish signing up"],
    continueWithPassword: [stranger, "/sign-in", "Use a password"],
    continueWithReset: [stranger, "/sign-in", "Forgot password?"],
    signInByPassword: [stranger, "/sign-in/password", "Sign in"],
    submitResetRequest: [stranger, "/password", "Email me a link"],
    resetByCode: [asker, "/password/check", "Set password and sign in"],
    resetByLink: [stranger, reset.path, "Set password and sign in"],
    submitNewPassword: [home, "/account/password", "Set password"],
    submitPasswordRemoval: [home, "/account/password/remove", "Remove password"],
    submitStepUpRequest: [home, "/account/confirm", "Email me a link and a code"],
    stepUpWithPassword: [home, "/account/confirm", "Continue"],
    stepUpWithCode: [home, "/account/confirm?asked", "Continue with the code"],
    cancelSuspended: [late, suspended, "Cancel"],
    stepUpWithLink: [home, stepUp.path, "Yes, it’s me"],
    submitProvider: [stranger, "/sign-in", "Continue with Google"],
    // Ada has no other account to switch to, and no provider left to connect.
    submitAccountSwitch: [mallory, "/sign-in/switch", "Switch account"],
    keepAccount: [mallory, "/sign-in/switch", "Stay signed in"],
    dismissPending: [home, "/account/connect", "Not now"],
    connect: [mallory, "/account/methods", "Connect Google"],
    linkPendingProvider: [home, "/account/connect", "Connect Google"],
    confirmProvider: [home, "/account/methods", "Keep Google"],
    disconnect: [home, "/account/disconnect/google", "Disconnect Google"],
    submitSessionReport: [home, `/account/activity?report=${event}`, "This wasn’t me"],
    submitUnlock: [home, "/account/methods", "Unlock"],
    resendSignUp: [staff, "/admin/sign-ups", `Send a new code to ${work}`],
    submitInvitation: [staff, "/admin/invitations", "Send an invitation"],
    submitInvitationCancellation: [
      staff,
      async () => {
        await staff.submit("/admin/invitations", "Send an invitation", { email: `by-${work}` });
        return "/admin/invitations";
      },
      `Cancel the invitation of by-${work}`,
    ],
    submitTestEmail: [staff, "/admin/mail", "Send a test email"],
    submitAccessLink: [stranger, access.path, "Open my account"],
    sendAccessLink: [staff, `/admin/users/${adaId}/access-link`, "Send access link"],
    voidAccessLink: [staff, `/admin/users/${adaId}/access-link`, "Cancel link"],
    submitUserSignOut: [staff, `/admin/users/${adaId}/sign-out`, "Sign out everywhere"],
    submitDisabling: [staff, `/admin/users/${adaId}/disable`, "Disable account"],
    submitEnabling: [staff, `/admin/users/${disabledId}/enable`, "Enable account"],
    submitRole: [staff, `/admin/users/${adaId}/role`, "Make admin"],
  };
  const read = async ([client, at, button]: (typeof sources)[string]) => {
    const path = typeof at === "string" ? at : await at();
    const { fields } = formWith((await client.get(path)).body, button);
    return { fields: fields.filter(([field]) => field !== "username") };
  };
  const forms = new Map([["submitSetup", Promise.resolve(setupForm)]]);
  return (action) => {
    const form = forms.get(action) ?? read(sources[action]!);
    forms.set(action, form);
    return form;
  };
}

/** A page as it is read: a long address may break where its markup says. */
const textOf = (body: string) => body.replaceAll(/<wbr ?\/?>/g, "");

/** The last page of a response's redirects: its path and body. */
async function endOf(
  client: Client,
  response: HttpResponse,
): Promise<{ path: string; body: string }> {
  let [path, end] = ["", response];
  for (let at = client.whereTo(end); at !== null; at = client.whereTo(end)) {
    path = at;
    end = await client.get(at);
  }
  return { path, body: end.body };
}
