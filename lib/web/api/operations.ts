import { deviceName } from "@/messages/device";
import { english } from "../problem";
import { z } from "zod";
import type { AuditEvent } from "@/lib/store/audit-log";
import type { Invitation } from "@/lib/store/invitations";
import type { PendingSignUp } from "@/lib/store/sign-ups";
import { exportAuditEvents } from "@/lib/flows/audit/export-audit-events";
import { listAuditEvents } from "@/lib/flows/audit/list-audit-events";
import { cancelAccessLink } from "@/lib/flows/access-links/cancel-access-link";
import { issueAccessLink } from "@/lib/flows/access-links/issue-access-link";
import { listAccessLinks } from "@/lib/flows/access-links/list-access-links";
import { previewAccessLink } from "@/lib/flows/access-links/preview-access-link";
import { redeemAccessLink } from "@/lib/flows/access-links/redeem-access-link";
import type { Env } from "@/lib/core/env";
import { readMethodsLock } from "@/lib/flows/account/read-methods-lock";
import { unlockMethods } from "@/lib/flows/account/unlock-methods";
import { previewSignInReport } from "@/lib/flows/reports/preview-sign-in-report";
import { redeemSignInReport } from "@/lib/flows/reports/redeem-sign-in-report";
import { roles } from "@/lib/core/role";
import { unlinkProvider } from "@/lib/flows/account/unlink-provider";
import { exportActivity } from "@/lib/flows/activity/export-activity";
import { listActivity } from "@/lib/flows/activity/list-activity";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { startLinkingProvider } from "@/lib/flows/oauth/start-linking-provider";
import { previewEmailUndo } from "@/lib/flows/email-change/preview-email-undo";
import { readPendingEmailChange } from "@/lib/flows/email-change/read-pending-email-change";
import { requestEmailChange } from "@/lib/flows/email-change/request-email-change";
import { undoEmailChange } from "@/lib/flows/email-change/undo-email-change";
import { verifyEmailChange } from "@/lib/flows/email-change/verify-email-change";
import { exportAccount } from "@/lib/flows/account-data/export-account";
import { deleteAccount } from "@/lib/flows/deletion/delete-account";
import { previewRestore } from "@/lib/flows/deletion/preview-restore";
import { readDeletion } from "@/lib/flows/deletion/read-deletion";
import { restoreAccount } from "@/lib/flows/deletion/restore-account";
import { restoreByLink } from "@/lib/flows/deletion/restore-by-link";
import { readProfile } from "@/lib/flows/profile/read-profile";
import { updateProfile } from "@/lib/flows/profile/update-profile";
import { readPasswordStatus } from "@/lib/flows/password/read-password-status";
import { previewPasswordReset } from "@/lib/flows/password/preview-password-reset";
import { redeemPasswordReset } from "@/lib/flows/password/redeem-password-reset";
import { redeemPasswordResetCode } from "@/lib/flows/password/redeem-password-reset-code";
import { removePassword } from "@/lib/flows/password/remove-password";
import { requestPasswordReset } from "@/lib/flows/password/request-password-reset";
import { setPassword } from "@/lib/flows/password/set-password";
import { signInWithPassword } from "@/lib/flows/password/sign-in-with-password";
import { listSessions } from "@/lib/flows/sessions/list-sessions";
import { readSession } from "@/lib/flows/sessions/read-session";
import { reportSession } from "@/lib/flows/sessions/report-session";
import { revokeOtherSessions } from "@/lib/flows/sessions/revoke-other-sessions";
import { revokeSession } from "@/lib/flows/sessions/revoke-session";
import { signOut } from "@/lib/flows/sessions/sign-out";
import { cancelMagicLink } from "@/lib/flows/sign-in/cancel-magic-link";
import { previewMagicLink } from "@/lib/flows/sign-in/preview-magic-link";
import { readPendingRequest } from "@/lib/flows/sign-in/read-pending-request";
import { redeemEmailCode } from "@/lib/flows/sign-in/redeem-email-code";
import { redeemMagicLink } from "@/lib/flows/sign-in/redeem-magic-link";
import { requestMagicLink } from "@/lib/flows/sign-in/request-magic-link";
import { requestSignUp } from "@/lib/flows/sign-up/request-sign-up";
import { resendSignUpCode } from "@/lib/flows/sign-up/resend-sign-up-code";
import { verifySignUp } from "@/lib/flows/sign-up/verify-sign-up";
import { requestStepUp } from "@/lib/flows/step-up/request-step-up";
import { stepUpByCode } from "@/lib/flows/step-up/step-up-by-code";
import { stepUpByLink } from "@/lib/flows/step-up/step-up-by-link";
import { stepUpByPassword } from "@/lib/flows/step-up/step-up-by-password";
import { activeSession, asAuthSession } from "../auth-session";
import { previewSetup } from "@/lib/flows/setup/preview-setup";
import { redeemSetup } from "@/lib/flows/setup/redeem-setup";
import { cancelInvitation } from "@/lib/flows/staff/cancel-invitation";
import { listInvitations } from "@/lib/flows/staff/list-invitations";
import { cancelStaffEmailChange } from "@/lib/flows/staff-email-change/cancel-staff-email-change";
import { confirmStaffEmailChange } from "@/lib/flows/staff-email-change/confirm-staff-email-change";
import { previewEmailChangeStop } from "@/lib/flows/staff-email-change/preview-email-change-stop";
import { previewStaffEmailChange } from "@/lib/flows/staff-email-change/preview-staff-email-change";
import { readStaffEmailChange } from "@/lib/flows/staff-email-change/read-staff-email-change";
import { startStaffEmailChange } from "@/lib/flows/staff-email-change/start-staff-email-change";
import { stopEmailChange } from "@/lib/flows/staff-email-change/stop-email-change";
import { stopEmailChangeByLink } from "@/lib/flows/staff-email-change/stop-email-change-by-link";
import { sendInvitation } from "@/lib/flows/staff/send-invitation";
import { changeRole } from "@/lib/flows/staff/change-role";
import { disableUser } from "@/lib/flows/staff/disable-user";
import { enableUser } from "@/lib/flows/staff/enable-user";
import { listUsers } from "@/lib/flows/staff/list-users";
import { listLetters } from "@/lib/flows/staff/list-letters";
import { listPendingSignUps } from "@/lib/flows/staff/list-pending-sign-ups";
import { readSystem } from "@/lib/flows/staff/read-system";
import { resendPendingSignUp } from "@/lib/flows/staff/resend-pending-sign-up";
import { sendTestEmail } from "@/lib/flows/staff/send-test-email";
import { readUser } from "@/lib/flows/staff/read-user";
import { revokeUserSessions } from "@/lib/flows/staff/revoke-user-sessions";
import { safeNext } from "../safe-next";
import { type AnyOperation, operation } from "./operation";

/** Programs read English, whatever the language of the pages. */
const deviceInEnglish = (stored: string) => deviceName(english, stored, "heading");

const time = z.iso.datetime();

/** The output of every operation that signs in: where the user wanted to go. */
const nextPage = {
  schema: z.strictObject({ next: z.string() }),
  from: ({ next }: { next: string }, env: Env) => ({ next: safeNext(next, env) }),
};

/** An email that this browser waits for. */
const awaitedEmail = {
  schema: z.strictObject({ email: z.string(), resendIn: z.int(), mailIsDelayed: z.boolean() }),
  from: ({ email, resendIn, mailIsDelayed }: AwaitedEmail) => ({ email, resendIn, mailIsDelayed }),
};
type AwaitedEmail = { email: string; resendIn: number; mailIsDelayed: boolean };

const activity = {
  schema: z.strictObject({
    id: z.string(),
    at: time,
    event: z.string(),
    outcome: z.string(),
    browser: z.string().nullable(),
    ip: z.string().nullable(),
  }),
  from: ({ id, at, event, outcome, browser, ip }: ActivityEvent) => ({
    ...{ event, outcome, ip },
    id: String(id),
    at: at.toISOString(),
    browser: browser && deviceInEnglish(browser),
  }),
};
type ActivityEvent = { id: number; at: Date } & Record<"event" | "outcome", string> &
  Record<"browser" | "ip", string | null>;

/** What the page of a link about a change that staff have started shows. */
const emailChangePreview = {
  schema: z.strictObject({ address: z.string(), askedAt: time }),
  from: ({ address, askedAt }: { address: string; askedAt: Date }) => ({
    address,
    askedAt: askedAt.toISOString(),
  }),
};

/** What the page of a link that undoes something shows. */
const undoPreview = {
  schema: z.strictObject({
    address: z.string(),
    browser: z.string(),
    askedAt: time,
    sameBrowser: z.boolean(),
  }),
  from: ({ askedAt, browser, ...preview }: UndoPreview) => ({
    ...preview,
    browser: deviceInEnglish(browser),
    askedAt: askedAt.toISOString(),
  }),
};
type UndoPreview = { askedAt: Date; sameBrowser: boolean } & Record<"address" | "browser", string>;

const entry = z.record(z.string(), z.unknown());

/** A page of activity; `next` is the last segment of the next page's path. */
const activityPage = {
  schema: z.strictObject({ events: z.array(activity.schema), next: z.string().nullable() }),
  from: ({ events, next }: { events: readonly ActivityEvent[]; next: number | null }) => ({
    events: events.map(activity.from),
    next: next === null ? null : String(next),
  }),
};

const listedEmail = {
  schema: z.strictObject({
    id: z.uuid(),
    kind: z.string(),
    to: z.string(),
    state: z.enum(["queued", "sent", "dead"]),
    reason: z.string().nullable(),
    attempts: z.int(),
    createdAt: time,
    doneAt: time.nullable(),
  }),
  from: ({ id, kind, to, state, reason, attempts, createdAt, doneAt }: ListedEmail) => ({
    ...{ id, kind, to, state, reason, attempts },
    createdAt: createdAt.toISOString(),
    doneAt: doneAt?.toISOString() ?? null,
  }),
};
type ListedEmail = {
  createdAt: Date;
  doneAt: Date | null;
  attempts: number;
  reason: string | null;
} & Record<"id" | "kind" | "to" | "state", string>;

const emailPages = {
  schema: z.strictObject({
    waiting: z.int(),
    queued: z.array(listedEmail.schema),
    queuedNext: z.uuid().nullable(),
    dead: z.array(listedEmail.schema),
    deadNext: z.uuid().nullable(),
  }),
  from: ({ count, queued, queuedNext, dead, deadNext }: EmailPages) => ({
    waiting: count,
    queued: queued.map(listedEmail.from),
    queuedNext,
    dead: dead.map(listedEmail.from),
    deadNext,
  }),
};
type EmailPages = { count: number } & Record<"queued" | "dead", readonly ListedEmail[]> &
  Record<"queuedNext" | "deadNext", string | null>;

const pendingSignUpPage = {
  schema: z.strictObject({
    signUps: z.array(
      z.strictObject({
        id: z.uuid(),
        email: z.string(),
        browser: z.string(),
        attempts: z.int(),
        createdAt: time,
        expiresAt: time,
        emailState: z.enum(["queued", "sent", "dead"]).nullable(),
      }),
    ),
    next: z.uuid().nullable(),
  }),
  from: ({ signUps, next }: { signUps: readonly PendingSignUp[]; next: string | null }) => ({
    signUps: signUps.map(({ browser, createdAt, expiresAt, letter, ...signUp }) => ({
      ...signUp,
      browser: deviceInEnglish(browser),
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
      emailState: letter,
    })),
    next,
  }),
};

const invitationPage = {
  schema: z.strictObject({
    invitations: z.array(
      z.strictObject({
        id: z.uuid(),
        email: z.string(),
        expiresAt: time,
        by: z.string().nullable(),
      }),
    ),
    next: z.uuid().nullable(),
  }),
  from: ({ invitations, next }: { invitations: readonly Invitation[]; next: string | null }) => ({
    invitations: invitations.map(({ expiresAt, ...invitation }) => ({
      ...invitation,
      expiresAt: expiresAt.toISOString(),
    })),
    next,
  }),
};

const auditEvent = {
  schema: z.strictObject({
    id: z.string(),
    at: time,
    event: z.string(),
    outcome: z.string(),
    cause: z.string().nullable(),
    subjectId: z.uuid().nullable(),
    subject: z.string().nullable(),
    callerId: z.uuid().nullable(),
    caller: z.string().nullable(),
    staffId: z.uuid().nullable(),
    staff: z.string().nullable(),
    requestId: z.string(),
    identifier: z.string().nullable(),
    reason: z.string().nullable(),
    browser: z.string().nullable(),
    ip: z.string().nullable(),
  }),
  from: ({ id, at, browser, ...event }: AuditEvent) => ({
    ...event,
    id: String(id),
    at: at.toISOString(),
    browser: browser && deviceInEnglish(browser),
  }),
};

/** The JSON API: which flow each method of each path runs, and what it returns. */
export const operations: readonly AnyOperation[] = [
  operation({
    method: "POST",
    path: "/api/v1/magic-links",
    operationId: "requestMagicLink",
    summary: "Request a sign-in email. The response is the same for every address.",
    flow: requestMagicLink,
    status: 202,
  }),
  operation({
    method: "GET",
    path: "/api/v1/magic-links",
    operationId: "readPendingRequest",
    summary: "Read which sign-in email this browser has requested.",
    flow: readPendingRequest,
    status: 200,
    output: awaitedEmail,
  }),
  operation({
    method: "POST",
    path: "/api/v1/magic-links/previews",
    operationId: "previewMagicLink",
    summary: "Preview a magic link without consuming it.",
    flow: previewMagicLink,
    status: 200,
    output: {
      schema: z.strictObject({
        address: z.string(),
        browser: z.string(),
        askedAt: time,
        sameBrowser: z.boolean(),
        signedInAs: z.string().nullable(),
      }),
      from: ({ address, browser, askedAt, sameBrowser, signedInAs }) => ({
        ...{ address, sameBrowser, signedInAs },
        browser: deviceInEnglish(browser),
        askedAt: askedAt.toISOString(),
      }),
    },
  }),
  operation({
    method: "POST",
    path: "/api/v1/magic-links/cancellations",
    operationId: "cancelMagicLink",
    summary: "Void a magic link and its code.",
    flow: cancelMagicLink,
    status: 204,
  }),
  operation({
    method: "POST",
    path: "/api/v1/sign-ups",
    operationId: "requestSignUp",
    summary: "Sign up with a password. The response is the same for every address.",
    flow: requestSignUp,
    status: 202,
  }),
  operation({
    method: "POST",
    path: "/api/v1/sign-ups/resends",
    operationId: "resendSignUpCode",
    summary: "Send another code for a sign-up.",
    flow: resendSignUpCode,
    status: 202,
  }),
  operation({
    method: "POST",
    path: "/api/v1/sign-ups/verifications",
    operationId: "verifySignUp",
    summary: "Complete a sign-up with the code from the email.",
    flow: verifySignUp,
    status: 201,
    output: nextPage,
  }),
  operation({
    method: "POST",
    path: "/api/v1/password-resets",
    operationId: "requestPasswordReset",
    summary: "Request a password reset email. The response is the same for every address.",
    flow: requestPasswordReset,
    status: 202,
  }),
  operation({
    method: "POST",
    path: "/api/v1/password-resets/previews",
    operationId: "previewPasswordReset",
    summary: "Preview a reset link without consuming it.",
    flow: previewPasswordReset,
    status: 200,
    output: {
      schema: z.strictObject({
        address: z.string(),
        browser: z.string(),
        askedAt: time,
        sameBrowser: z.boolean(),
      }),
      from: ({ askedAt, browser, ...preview }) => ({
        ...preview,
        browser: deviceInEnglish(browser),
        askedAt: askedAt.toISOString(),
      }),
    },
  }),
  operation({
    method: "POST",
    path: "/api/v1/password-resets/redemptions",
    operationId: "redeemPasswordReset",
    summary: "Set a new password with a link's token or with the code from the email.",
    flow: { byField: { code: redeemPasswordResetCode }, otherwise: redeemPasswordReset },
    status: 201,
    output: nextPage,
  }),
  operation({
    method: "GET",
    path: "/api/v1/password",
    operationId: "readPasswordStatus",
    summary: "Read whether the user has a password, and how many sessions setting one ends.",
    flow: readPasswordStatus,
    status: 200,
    output: {
      schema: z.strictObject({ hasPassword: z.boolean(), otherDevices: z.int() }),
      from: ({ hasPassword, otherDevices }) => ({ hasPassword, otherDevices }),
    },
  }),
  operation({
    method: "PUT",
    path: "/api/v1/password",
    operationId: "setPassword",
    summary: "Set the user's password. Ends all other sessions.",
    flow: setPassword,
    status: 204,
  }),
  operation({
    method: "DELETE",
    path: "/api/v1/password",
    operationId: "removePassword",
    summary: "Remove the user's password, unless it is the last sign-in method.",
    flow: removePassword,
    status: 204,
  }),
  operation({
    method: "POST",
    path: "/api/v1/session/step-ups",
    operationId: "stepUp",
    summary: "Authenticate again in this session, with a password, a code or a link's token.",
    flow: {
      byField: { password: stepUpByPassword, code: stepUpByCode },
      otherwise: stepUpByLink,
    },
    status: 204,
  }),
  operation({
    method: "POST",
    path: "/api/v1/session/step-ups/requests",
    operationId: "requestStepUp",
    summary: "Request a step-up email with a code and a link.",
    flow: requestStepUp,
    status: 202,
  }),
  operation({
    method: "POST",
    path: "/api/v1/sessions",
    operationId: "signIn",
    summary: "Sign in with a link's token, the code from the email, or a password.",
    flow: {
      byField: { password: signInWithPassword, code: redeemEmailCode },
      otherwise: redeemMagicLink,
    },
    status: 201,
    output: nextPage,
  }),
  operation({
    method: "GET",
    path: "/api/v1/sessions",
    operationId: "listSessions",
    summary: "List the user's sessions.",
    flow: listSessions,
    status: 200,
    output: {
      schema: z.strictObject({
        sessions: z.array(
          z.strictObject({
            id: z.uuid(),
            browser: z.string(),
            ip: z.string().nullable(),
            country: z.string().nullable(),
            method: z.string(),
            createdAt: time,
            lastSeenAt: time,
            current: z.boolean(),
          }),
        ),
      }),
      from: (sessions) => ({
        sessions: sessions.map(({ createdAt, lastSeenAt, browser, ...session }) => ({
          ...session,
          browser: deviceInEnglish(browser),
          createdAt: createdAt.toISOString(),
          lastSeenAt: lastSeenAt.toISOString(),
        })),
      }),
    },
  }),
  operation({
    method: "DELETE",
    path: "/api/v1/sessions",
    operationId: "revokeOtherSessions",
    summary: "End all of the user's sessions but this one.",
    flow: revokeOtherSessions,
    status: 204,
  }),
  operation({
    method: "DELETE",
    path: "/api/v1/sessions/{id}",
    operationId: "revokeSession",
    summary: "End one of the user's sessions.",
    flow: revokeSession,
    status: 204,
  }),
  operation({
    method: "GET",
    path: "/api/v1/profile",
    operationId: "readProfile",
    summary: "Read the user's name, time zone and address; null where none was chosen.",
    flow: readProfile,
    status: 200,
    output: {
      schema: z.strictObject({
        email: z.string(),
        name: z.string().nullable(),
        timeZone: z.string().nullable(),
      }),
      from: ({ email, name, timeZone }) => ({ email, name, timeZone }),
    },
  }),
  operation({
    method: "PUT",
    path: "/api/v1/profile",
    operationId: "updateProfile",
    summary: "Set the user's name and time zone; an empty text deletes one.",
    flow: updateProfile,
    status: 204,
  }),
  operation({
    method: "POST",
    path: "/api/v1/email-changes",
    operationId: "requestEmailChange",
    summary:
      "Send a code to the address that the user wants. The response is the same for every address.",
    flow: requestEmailChange,
    status: 202,
  }),
  operation({
    method: "GET",
    path: "/api/v1/email-changes",
    operationId: "readPendingEmailChange",
    summary: "Read the change of the address that waits for its code.",
    flow: readPendingEmailChange,
    status: 200,
    output: awaitedEmail,
  }),
  operation({
    method: "POST",
    path: "/api/v1/email-changes/verifications",
    operationId: "verifyEmailChange",
    summary: "Change the user's address with the code from the email.",
    flow: verifyEmailChange,
    status: 204,
  }),
  operation({
    method: "POST",
    path: "/api/v1/email-changes/previews",
    operationId: "previewEmailUndo",
    summary: "Preview a link that undoes a change of the address, without consuming it.",
    flow: previewEmailUndo,
    status: 200,
    output: undoPreview,
  }),
  operation({
    method: "POST",
    path: "/api/v1/email-changes/undos",
    operationId: "undoEmailChange",
    summary: "Restore the address before a change. Ends all sessions of the account.",
    flow: undoEmailChange,
    status: 204,
  }),
  operation({
    method: "GET",
    path: "/api/v1/account/export",
    operationId: "exportAccount",
    summary:
      "Everything that is stored about the user, for a file. Needs a sign-in of the last 30 minutes.",
    flow: exportAccount,
    status: 200,
    output: {
      schema: z.strictObject({
        profile: entry,
        methods: z.array(entry),
        sessions: z.array(entry),
        knownDevices: z.array(entry),
        verifications: z.array(entry),
        pendingIdentities: z.array(entry),
        emails: z.array(entry),
        emailChanges: z.array(entry),
        activity: z.array(entry),
      }),
      from: (data) => data,
    },
  }),
  operation({
    method: "POST",
    path: "/api/v1/account/deletions",
    operationId: "deleteAccount",
    summary: "Schedule the deletion of the user's account. Ends all its sessions.",
    flow: deleteAccount,
    status: 204,
  }),
  operation({
    method: "GET",
    path: "/api/v1/account/deletions",
    operationId: "readDeletion",
    summary: "Read when the account will be erased; null when it stays.",
    flow: readDeletion,
    status: 200,
    output: {
      schema: z.strictObject({ email: z.string(), deletesAt: time.nullable() }),
      from: ({ email, deletesAt }) => ({ email, deletesAt: deletesAt?.toISOString() ?? null }),
    },
  }),
  operation({
    method: "POST",
    path: "/api/v1/account/deletions/previews",
    operationId: "previewRestore",
    summary: "Preview a link that takes a deletion back, without consuming it.",
    flow: previewRestore,
    status: 200,
    output: undoPreview,
  }),
  operation({
    method: "POST",
    path: "/api/v1/account/deletions/undos",
    operationId: "restoreAccount",
    summary: "Take the deletion of an account back, with a link's token or in its session.",
    flow: { byField: { token: restoreByLink }, otherwise: restoreAccount },
    status: 204,
  }),
  operation({
    method: "GET",
    path: "/api/v1/activity",
    operationId: "listActivity",
    summary: "List what happened in the user's account, newest first.",
    flow: listActivity,
    status: 200,
    output: activityPage,
  }),
  operation({
    method: "POST",
    path: "/api/v1/activity/reports",
    operationId: "reportSession",
    summary:
      "End the sign-in of an event, which was somebody else's, and lock the sign-in methods.",
    flow: reportSession,
    status: 204,
  }),
  operation({
    method: "GET",
    path: "/api/v1/activity/{before}",
    operationId: "listOlderActivity",
    summary: "List what happened before an event: the `next` of the page before.",
    flow: listActivity,
    status: 200,
    output: activityPage,
  }),
  operation({
    method: "GET",
    path: "/api/v1/activity/export",
    operationId: "exportActivity",
    summary: "Everything that happened in the user's account, for a file.",
    flow: exportActivity,
    status: 200,
    output: {
      schema: z.strictObject({ events: z.array(activity.schema) }),
      from: (events) => ({ events: events.map(activity.from) }),
    },
  }),
  operation({
    method: "GET",
    path: "/api/v1/session",
    operationId: "readSession",
    summary: "Read the session of this browser; null when it has none.",
    flow: readSession,
    status: 200,
    output: {
      schema: z.strictObject({
        session: z
          .strictObject({
            id: z.uuid(),
            userId: z.uuid(),
            email: z.string(),
            method: z.string(),
            authenticatedAt: time,
            endsAt: time,
          })
          .nullable(),
      }),
      from: (read) => {
        const session = activeSession(read);
        return {
          session: session && {
            id: session.id,
            userId: session.userId,
            email: session.email,
            method: session.method,
            authenticatedAt: session.authenticatedAt.toISOString(),
            endsAt: session.endsAt.toISOString(),
          },
        };
      },
    },
  }),
  operation({
    method: "DELETE",
    path: "/api/v1/session",
    operationId: "signOut",
    summary: "End the session of this browser.",
    flow: signOut,
    status: 204,
  }),
  operation({
    method: "GET",
    path: "/api/v1/auth-providers",
    operationId: "listAuthProviders",
    summary: "List the user's sign-in methods and when each was last used; null for never.",
    flow: listAuthProviders,
    status: 200,
    output: {
      schema: z.strictObject({
        authProviders: z.array(
          z.strictObject({
            provider: z.string(),
            address: z.string().nullable(),
            needsConfirmation: z.boolean(),
            usable: z.boolean(),
            createdAt: time,
            lastUsedAt: time.nullable(),
          }),
        ),
      }),
      from: (authProviders) => ({
        authProviders: authProviders.map(({ createdAt, lastUsedAt, ...linkedMethod }) => ({
          ...{
            provider: linkedMethod.provider,
            address: linkedMethod.address,
            needsConfirmation: linkedMethod.needsConfirmation,
            usable: linkedMethod.isUsable,
          },
          createdAt: createdAt.toISOString(),
          lastUsedAt: lastUsedAt?.toISOString() ?? null,
        })),
      }),
    },
  }),
  operation({
    method: "POST",
    path: "/api/v1/sign-in-reports/previews",
    operationId: "previewSignInReport",
    summary: "Preview the sign-in that an email reported, without consuming its link.",
    flow: previewSignInReport,
    status: 200,
    output: {
      schema: z.strictObject({
        address: z.string(),
        browser: z.string(),
        ip: z.string().nullable(),
        signedInAt: time,
      }),
      from: ({ address, browser, ip, signedInAt }) => ({
        ...{ address, ip },
        browser: deviceInEnglish(browser),
        signedInAt: signedInAt.toISOString(),
      }),
    },
  }),
  operation({
    method: "POST",
    path: "/api/v1/sign-in-reports",
    operationId: "redeemSignInReport",
    summary: "End a sign-in that was somebody else's, and lock the account's sign-in methods.",
    flow: redeemSignInReport,
    status: 204,
  }),
  operation({
    method: "GET",
    path: "/api/v1/methods-lock",
    operationId: "readMethodsLock",
    summary: "Read until when the user's sign-in methods are locked; null when they are not.",
    flow: readMethodsLock,
    status: 200,
    output: {
      schema: z.strictObject({ until: time.nullable(), canUnlock: z.boolean() }),
      from: ({ until, canUnlock }) => ({ until: until?.toISOString() ?? null, canUnlock }),
    },
  }),
  operation({
    method: "DELETE",
    path: "/api/v1/methods-lock",
    operationId: "unlockMethods",
    summary: "Lift the lock of the user's sign-in methods, from a device known before the report.",
    flow: unlockMethods,
    status: 204,
  }),
  operation({
    method: "POST",
    path: "/api/v1/auth-providers/links",
    operationId: "startLinkingProvider",
    summary: "Start linking a provider. Returns the URL to send the browser to.",
    flow: startLinkingProvider,
    status: 201,
    output: {
      schema: z.strictObject({ url: z.url() }),
      from: ({ url }) => ({ url }),
    },
  }),
  operation({
    method: "DELETE",
    path: "/api/v1/auth-providers/{provider}",
    operationId: "unlinkProvider",
    summary: "Unlink a provider, unless it is the last sign-in method.",
    flow: unlinkProvider,
    status: 204,
  }),
  operation({
    method: "POST",
    path: "/api/v1/admin/setup/previews",
    operationId: "previewSetup",
    summary: "Whom the link that the server printed would make the first admin. Consumes nothing.",
    flow: previewSetup,
    status: 200,
    output: { schema: z.strictObject({ email: z.string() }), from: ({ email }) => ({ email }) },
  }),
  operation({
    method: "POST",
    path: "/api/v1/admin/setup",
    operationId: "redeemSetup",
    summary:
      "Become the first admin, by the link that the server printed. Ends the user's sessions.",
    flow: redeemSetup,
    status: 204,
  }),
  operation({
    method: "POST",
    path: "/api/v1/admin/users/searches",
    operationId: "listUsers",
    summary: "For staff: find users by the beginning of the address, or by id.",
    flow: listUsers,
    status: 200,
    output: {
      schema: z.strictObject({
        users: z.array(
          z.strictObject({
            id: z.uuid(),
            email: z.string(),
            role: z.enum(roles),
            disabled: z.boolean(),
            methods: z.array(z.string()),
            createdAt: time,
          }),
        ),
        next: z.uuid().nullable(),
      }),
      from: ({ users, next }) => ({
        users: users.map(({ createdAt, ...user }) => ({
          ...user,
          createdAt: createdAt.toISOString(),
        })),
        next,
      }),
    },
  }),
  operation({
    method: "GET",
    path: "/api/v1/admin/users/{id}",
    operationId: "readUser",
    summary:
      "For staff: a user's account, its sessions, emails of the last days and newest events.",
    flow: readUser,
    status: 200,
    output: {
      schema: z.strictObject({
        user: z.strictObject({
          id: z.uuid(),
          email: z.string(),
          role: z.enum(roles),
          emailVerifiedAt: time.nullable(),
          disabledAt: time.nullable(),
          deletesAt: time.nullable(),
          createdAt: time,
        }),
        methods: z.array(
          z.strictObject({
            provider: z.string(),
            address: z.string().nullable(),
            usable: z.boolean(),
            createdAt: time,
            lastUsedAt: time.nullable(),
          }),
        ),
        sessions: z.array(
          z.strictObject({
            id: z.uuid(),
            browser: z.string(),
            ip: z.string().nullable(),
            method: z.string(),
            createdAt: time,
            lastSeenAt: time,
          }),
        ),
        emailChange: z
          .strictObject({
            state: z.enum(["requested", "scheduled"]),
            newEmail: z.string(),
            startedBy: z.string().nullable(),
            at: time,
          })
          .nullable(),
        emails: z.array(listedEmail.schema),
        events: z.array(
          activity.schema.extend({
            cause: z.string().nullable(),
            reason: z.string().nullable(),
            by: z.string().nullable(),
          }),
        ),
      }),
      from: ({ user, methods, sessions, emailChange, letters, events }) => ({
        user: {
          ...user,
          emailVerifiedAt: user.emailVerifiedAt?.toISOString() ?? null,
          disabledAt: user.disabledAt?.toISOString() ?? null,
          deletesAt: user.deletesAt?.toISOString() ?? null,
          createdAt: user.createdAt.toISOString(),
        },
        methods: methods.map(({ provider, address, isUsable, createdAt, lastUsedAt }) => ({
          ...{ provider, address, usable: isUsable },
          createdAt: createdAt.toISOString(),
          lastUsedAt: lastUsedAt?.toISOString() ?? null,
        })),
        sessions: sessions.map(({ id, browser, ip, method, createdAt, lastSeenAt }) => ({
          ...{ id, ip, method },
          browser: deviceInEnglish(browser),
          createdAt: createdAt.toISOString(),
          lastSeenAt: lastSeenAt.toISOString(),
        })),
        emailChange: emailChange && { ...emailChange, at: emailChange.at.toISOString() },
        emails: letters.map(listedEmail.from),
        events: events.map(({ cause, reason, by, ...event }) => ({
          ...activity.from(event),
          ...{ cause, reason, by },
        })),
      }),
    },
  }),
  operation({
    method: "POST",
    path: "/api/v1/admin/users/sign-outs",
    operationId: "revokeUserSessions",
    summary: "For staff: end all sessions of a user.",
    flow: revokeUserSessions,
    status: 204,
  }),
  operation({
    method: "POST",
    path: "/api/v1/admin/users/disablements",
    operationId: "disableUser",
    summary: "For staff: disable an account and end its sessions.",
    flow: disableUser,
    status: 204,
  }),
  operation({
    method: "POST",
    path: "/api/v1/admin/users/enablements",
    operationId: "enableUser",
    summary: "For staff: enable an account that was disabled.",
    flow: enableUser,
    status: 204,
  }),
  operation({
    method: "PUT",
    path: "/api/v1/admin/users/roles",
    operationId: "changeRole",
    summary: "For admins: change what a user may do. Ends the user's sessions.",
    flow: changeRole,
    status: 204,
  }),
  operation({
    method: "GET",
    path: "/api/v1/admin/sign-ups",
    operationId: "listPendingSignUps",
    summary: "For staff: the sign-ups whose address is not verified yet, the newest first.",
    flow: listPendingSignUps,
    status: 200,
    output: pendingSignUpPage,
  }),
  operation({
    method: "GET",
    path: "/api/v1/admin/sign-ups/{after}",
    operationId: "listMorePendingSignUps",
    summary: "For staff: list the pending sign-ups after one: the `next` of the page before.",
    flow: listPendingSignUps,
    status: 200,
    output: pendingSignUpPage,
  }),
  operation({
    method: "POST",
    path: "/api/v1/admin/sign-ups/resends",
    operationId: "resendPendingSignUp",
    summary: "For staff: send another code for a pending sign-up.",
    flow: resendPendingSignUp,
    status: 202,
  }),
  operation({
    method: "GET",
    path: "/api/v1/admin/invitations",
    operationId: "listInvitations",
    summary: "For staff: the open invitations, the newest first.",
    flow: listInvitations,
    status: 200,
    output: invitationPage,
  }),
  operation({
    method: "GET",
    path: "/api/v1/admin/invitations/{after}",
    operationId: "listMoreInvitations",
    summary: "For staff: list the open invitations after one: the `next` of the page before.",
    flow: listInvitations,
    status: 200,
    output: invitationPage,
  }),
  operation({
    method: "POST",
    path: "/api/v1/admin/invitations",
    operationId: "sendInvitation",
    summary: "For staff: invite an address, which gets an account by signing in.",
    flow: sendInvitation,
    status: 202,
  }),
  operation({
    method: "POST",
    path: "/api/v1/admin/invitations/cancellations",
    operationId: "cancelInvitation",
    summary: "For staff: cancel an open invitation.",
    flow: cancelInvitation,
    status: 204,
  }),
  operation({
    method: "GET",
    path: "/api/v1/admin/emails",
    operationId: "listEmails",
    summary: "For staff: the emails that wait, and those that were not sent with the reason.",
    flow: listLetters,
    status: 200,
    output: emailPages,
  }),
  operation({
    method: "POST",
    path: "/api/v1/admin/emails/searches",
    operationId: "listMoreEmails",
    summary: "For staff: list the emails after one: a `next` of the page before.",
    flow: listLetters,
    status: 200,
    output: emailPages,
  }),
  operation({
    method: "POST",
    path: "/api/v1/admin/emails/tests",
    operationId: "requestTestEmail",
    summary: "For staff: send an email to oneself, to see that emails arrive.",
    flow: sendTestEmail,
    status: 202,
  }),
  operation({
    method: "GET",
    path: "/api/v1/admin/system",
    operationId: "readSystem",
    summary: "For staff: the version, the health of each part, and the pending migrations.",
    flow: readSystem,
    status: 200,
    output: {
      schema: z.strictObject({
        version: z.string(),
        checks: z.record(z.string(), z.enum(["pass", "warn", "fail"])),
        pendingMigrations: z.array(z.string()),
      }),
      from: ({ version, health, pendingMigrations }) => ({
        version,
        checks: health,
        pendingMigrations,
      }),
    },
  }),
  operation({
    method: "POST",
    path: "/api/v1/admin/audit-events/searches",
    operationId: "listAuditEvents",
    summary: "For staff: find events of the audit log, the newest first.",
    flow: listAuditEvents,
    status: 200,
    output: {
      schema: z.strictObject({
        events: z.array(auditEvent.schema),
        next: z.string().nullable(),
        from: time.nullable(),
      }),
      from: ({ events, next, from }) => ({
        events: events.map(auditEvent.from),
        next: next === null ? null : String(next),
        from: from && from.toISOString(),
      }),
    },
  }),
  operation({
    method: "POST",
    path: "/api/v1/admin/audit-events/exports",
    operationId: "exportAuditEvents",
    summary: "For staff: the newest events that a search finds, for a file.",
    flow: exportAuditEvents,
    status: 200,
    output: {
      schema: z.strictObject({ events: z.array(auditEvent.schema) }),
      from: (events) => ({ events: events.map(auditEvent.from) }),
    },
  }),
  operation({
    method: "POST",
    path: "/api/v1/admin/access-links",
    operationId: "issueAccessLink",
    summary: "For staff: email a user who is locked out a link that opens the account for an hour.",
    flow: issueAccessLink,
    status: 202,
  }),
  operation({
    method: "GET",
    path: "/api/v1/admin/access-links/{id}",
    operationId: "listAccessLinks",
    summary: "For staff: list the access links of a user that can still be used.",
    flow: listAccessLinks,
    status: 200,
    output: {
      schema: z.strictObject({
        accessLinks: z.array(
          z.strictObject({
            id: z.uuid(),
            sentBy: z.string().nullable(),
            sentAt: time,
            expiresAt: time,
            delivery: z.enum(["queued", "sent", "dead"]),
          }),
        ),
      }),
      from: (links) => ({
        accessLinks: links.map(({ id, sentBy, sentAt, expiresAt, delivery }) => ({
          ...{ id, sentBy, delivery },
          sentAt: sentAt.toISOString(),
          expiresAt: expiresAt.toISOString(),
        })),
      }),
    },
  }),
  operation({
    method: "POST",
    path: "/api/v1/admin/access-links/cancellations",
    operationId: "cancelAccessLink",
    summary: "For staff: void an access link before it is used.",
    flow: cancelAccessLink,
    status: 204,
  }),
  operation({
    method: "POST",
    path: "/api/v1/access-links/previews",
    operationId: "previewAccessLink",
    summary: "Preview an access link without consuming it.",
    flow: previewAccessLink,
    status: 200,
    output: {
      schema: z.strictObject({
        address: z.string(),
        sentAt: time,
        signedInAs: z.string().nullable(),
      }),
      from: ({ address, sentAt, signedInAs }) => ({
        ...{ address, signedInAs },
        sentAt: sentAt.toISOString(),
      }),
    },
  }),
  operation({
    method: "POST",
    path: "/api/v1/access-links/redemptions",
    operationId: "redeemAccessLink",
    summary: "Open an account by the link that staff have sent.",
    flow: redeemAccessLink,
    status: 201,
    output: nextPage,
  }),
  operation({
    method: "POST",
    path: "/api/v1/admin/email-changes",
    operationId: "startStaffEmailChange",
    summary:
      "For staff: send a link and a code to the new address of a user who has lost the mailbox.",
    flow: startStaffEmailChange,
    status: 202,
  }),
  operation({
    method: "POST",
    path: "/api/v1/admin/email-changes/cancellations",
    operationId: "cancelStaffEmailChange",
    summary: "For staff: cancel a change of a user's address before it takes effect.",
    flow: cancelStaffEmailChange,
    status: 204,
  }),
  operation({
    method: "POST",
    path: "/api/v1/staff-email-changes/previews",
    operationId: "previewStaffEmailChange",
    summary: "Preview a change of the address that staff have started, by its link.",
    flow: previewStaffEmailChange,
    status: 200,
    output: emailChangePreview,
  }),
  operation({
    method: "POST",
    path: "/api/v1/staff-email-changes/confirmations",
    operationId: "confirmStaffEmailChange",
    summary:
      "Confirm a change that staff have started, by its link, its code and the account's current address. It takes effect after a notice to that address.",
    flow: confirmStaffEmailChange,
    status: 204,
  }),
  operation({
    method: "POST",
    path: "/api/v1/staff-email-changes/stop-previews",
    operationId: "previewEmailChangeStop",
    summary: "Preview a link that stops such a change, without consuming it.",
    flow: previewEmailChangeStop,
    status: 200,
    output: emailChangePreview,
  }),
  operation({
    method: "POST",
    path: "/api/v1/staff-email-changes/stops",
    operationId: "stopEmailChangeByLink",
    summary: "Stop such a change by the link that the current address got.",
    flow: stopEmailChangeByLink,
    status: 204,
  }),
  operation({
    method: "GET",
    path: "/api/v1/staff-email-change",
    operationId: "readStaffEmailChange",
    summary: "Read the change of the user's address that staff have started; null without one.",
    flow: readStaffEmailChange,
    status: 200,
    output: {
      schema: z.strictObject({
        change: z.strictObject({ newEmail: z.string(), at: time }).nullable(),
      }),
      from: (change) => ({
        change: change && { newEmail: change.newEmail, at: change.at.toISOString() },
      }),
    },
  }),
  operation({
    method: "DELETE",
    path: "/api/v1/staff-email-change",
    operationId: "stopEmailChange",
    summary: "Stop the change of the user's address that staff have started.",
    flow: stopEmailChange,
    status: 204,
  }),
];

/** What Auth.js's client asks for, in Auth.js's shape; not part of our own API. */
export const readAuthJsSession = operation({
  method: "GET",
  path: "/api/auth/session",
  operationId: "readAuthJsSession",
  summary: "Read the session of this browser in Auth.js's shape; null when it has none.",
  flow: readSession,
  status: 200,
  output: {
    schema: z
      .strictObject({ user: z.strictObject({ id: z.uuid(), email: z.string() }), expires: time })
      .nullable(),
    from: (read) => {
      const session = activeSession(read);
      return session && asAuthSession(session);
    },
  },
});
