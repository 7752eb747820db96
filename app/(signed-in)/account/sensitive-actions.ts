import { redirect } from "next/navigation";
import type { z } from "zod";
import { redirectToProvider } from "@/lib/web/oauth-cookies";
import { cancelAccessLink } from "@/lib/flows/access-links/cancel-access-link";
import { issueAccessLink } from "@/lib/flows/access-links/issue-access-link";
import { linkProvider } from "@/lib/flows/account/link-provider";
import { unlinkProvider } from "@/lib/flows/account/unlink-provider";
import { unlockMethods } from "@/lib/flows/account/unlock-methods";
import { confirmProvider } from "@/lib/flows/account/confirm-provider";
import { deleteAccount } from "@/lib/flows/deletion/delete-account";
import { readPendingEmailChange } from "@/lib/flows/email-change/read-pending-email-change";
import { requestEmailChange } from "@/lib/flows/email-change/request-email-change";
import { startLinkingProvider } from "@/lib/flows/oauth/start-linking-provider";
import { removePassword } from "@/lib/flows/password/remove-password";
import { setPassword } from "@/lib/flows/password/set-password";
import { reportSession } from "@/lib/flows/sessions/report-session";
import { cancelInvitation } from "@/lib/flows/staff/cancel-invitation";
import { changeRole } from "@/lib/flows/staff/change-role";
import { disableUser } from "@/lib/flows/staff/disable-user";
import { enableUser } from "@/lib/flows/staff/enable-user";
import { resendPendingSignUp } from "@/lib/flows/staff/resend-pending-sign-up";
import { sendInvitation } from "@/lib/flows/staff/send-invitation";
import { sendTestEmail } from "@/lib/flows/staff/send-test-email";
import { revokeUserSessions } from "@/lib/flows/staff/revoke-user-sessions";
import { cancelStaffEmailChange } from "@/lib/flows/staff-email-change/cancel-staff-email-change";
import { startStaffEmailChange } from "@/lib/flows/staff-email-change/start-staff-email-change";
import type { MethodId } from "@/lib/core/method-id";
import { type NoteCode, redirectWithNotice, redirectWithError } from "@/lib/web/flash";
import {
  suspendAction,
  type SuspendedAction,
  type SensitiveAction,
} from "@/lib/web/suspended-action";
import { runForRequest } from "@/lib/web/run-for-request";
import { safeNext } from "@/lib/web/safe-next";

type Input = SuspendedAction["input"];
/** Strangers have no session to step up. */
type Requires = "session" | "staff" | "admin";
type Flow<S extends z.ZodType, Out, R extends Requires> = Parameters<
  typeof runForRequest<S, Out, R>
>[0];

interface Pages {
  readonly back: string;
  readonly errorPage: string | ((input: Input) => Promise<string>);
}

const methods = "/account/methods";

/**
 * An action that may need a step-up first. Then the form is suspended, or the user is led to `back` when
 * it does not fit into a cookie. Errors are shown on the page `errorPage`.
 */
function sensitiveAction<Schema extends z.ZodType, Out, R extends Requires>(
  flow: Flow<Schema, Out, R>,
  done: (value: Out) => Promise<void>,
  pages: Partial<Pages> | ((input: Input) => Pages) = {},
) {
  return async (input: Input, form: FormData, renewed?: string): Promise<void> => {
    const { back = methods, errorPage = methods } =
      typeof pages === "function" ? pages(input) : pages;
    const result = await runForRequest(flow, input, { form, renewed });
    if (result.ok) return done(result.value);
    const { refusal } = result;
    if (refusal.code === "step_up_required")
      return suspendAction({ flow: flow.name as SensitiveAction, input }, back);
    const at = typeof errorPage === "string" ? errorPage : await errorPage(input);
    return redirectWithError(at, refusal, { email: input.email });
  };
}

const notice = (note: NoteCode) => () => redirectWithNotice(methods, note);
const noticeAbout =
  (note: NoteCode) =>
  ({ provider }: { provider: MethodId }) =>
    redirectWithNotice(methods, note, provider);
/** What staff do to a user, on a page of its own. */
const staffAction = <Schema extends z.ZodType, R extends Requires>(
  flow: Flow<Schema, { readonly id: string }, R>,
  page: string,
  note: NoteCode,
) =>
  sensitiveAction(
    flow,
    ({ id }) => redirectWithNotice(`/admin/users/${id}`, note),
    ({ id }) => {
      const path = `/admin/users/${encodeURIComponent(typeof id === "string" ? id : "")}/${page}`;
      return { back: path, errorPage: path };
    },
  );

/** What staff do on a page of a list. */
const staffPageAction = <Schema extends z.ZodType, Out, R extends Requires>(
  flow: Flow<Schema, Out, R>,
  page: string,
  note: NoteCode,
) => sensitiveAction(flow, () => redirectWithNotice(page, note), { back: page, errorPage: page });

const pageOfAccessLinks = (id: unknown) =>
  `/admin/users/${encodeURIComponent(typeof id === "string" ? id : "")}/access-link`;

const passwordPage = "/account/password";
const deletePage = "/account/delete";
const emailPage = "/account/email";
const newEmailPage = "/account/email/check";

/** Where a request for another code is refused: the page that waits for it, if one is pending. */
async function pageOfEmailChange({ email }: Input): Promise<string> {
  const pending = await runForRequest(readPendingEmailChange, {});
  return pending.ok && pending.value.email === email ? newEmailPage : emailPage;
}

/**
 * By flow. Called by the actions of the account pages, and after step-up with the session's new token.
 * `form` is the posted form, which says which user its page showed.
 */
export const sensitiveActions: Record<SensitiveAction, ReturnType<typeof sensitiveAction>> = {
  "email_change.request": sensitiveAction(
    requestEmailChange,
    () => Promise.resolve(redirect(newEmailPage)),
    { back: emailPage, errorPage: pageOfEmailChange },
  ),
  "account.delete": sensitiveAction(
    deleteAccount,
    () => redirectWithNotice("/sign-in", "account_deleted"),
    { back: deletePage, errorPage: deletePage },
  ),
  "password.set": sensitiveAction(setPassword, notice("password_set"), {
    back: passwordPage,
    errorPage: passwordPage,
  }),
  "password.remove": sensitiveAction(removePassword, notice("password_removed")),
  "oauth.start_linking": sensitiveAction(startLinkingProvider, ({ provider, url }) =>
    redirectToProvider(provider, url),
  ),
  "auth_provider.link": sensitiveAction(
    linkProvider,
    // A user who was sent to sign in first continues to the page they wanted (O4).
    ({ provider, next }) =>
      redirectWithNotice(next ? safeNext(next) : methods, "provider_connected", provider),
    { back: "/account/connect" },
  ),
  "auth_provider.confirm": sensitiveAction(confirmProvider, noticeAbout("provider_confirmed")),
  "session.report": sensitiveAction(
    reportSession,
    ({ hasEnded }) =>
      redirectWithNotice("/l/reported", hasEnded ? "sign_in_reported" : "sign_in_had_ended"),
    { back: "/account/activity", errorPage: "/account/activity" },
  ),
  "methods.unlock": sensitiveAction(unlockMethods, notice("methods_unlocked")),
  "auth_provider.unlink": sensitiveAction(unlinkProvider, noticeAbout("provider_disconnected")),
  "user.revoke_sessions": staffAction(revokeUserSessions, "sign-out", "user_sessions_revoked"),
  "user.disable": staffAction(disableUser, "disable", "user_disabled"),
  "user.enable": staffAction(enableUser, "enable", "user_enabled"),
  "user.change_role": staffAction(changeRole, "role", "user_role_changed"),
  "pending_sign_up.resend": staffPageAction(
    resendPendingSignUp,
    "/admin/sign-ups",
    "sign_up_code_sent",
  ),
  "outbox.send_test": staffPageAction(sendTestEmail, "/admin/mail", "test_email_queued"),
  "invitation.send": staffPageAction(sendInvitation, "/admin/invitations", "invitation_sent"),
  "invitation.cancel": staffPageAction(
    cancelInvitation,
    "/admin/invitations",
    "invitation_cancelled",
  ),
  "access_link.issue": staffAction(issueAccessLink, "access-link", "access_link_sent"),
  "access_link.cancel": sensitiveAction(
    cancelAccessLink,
    ({ id }) => redirectWithNotice(pageOfAccessLinks(id), "access_link_cancelled"),
    ({ userId }) => ({ back: pageOfAccessLinks(userId), errorPage: pageOfAccessLinks(userId) }),
  ),
  "staff_email_change.start": staffAction(startStaffEmailChange, "email", "email_change_started"),
  "staff_email_change.cancel": staffAction(
    cancelStaffEmailChange,
    "email",
    "email_change_cancelled",
  ),
};
