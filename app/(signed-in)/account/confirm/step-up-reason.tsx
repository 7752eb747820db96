import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { pendingProvider } from "@/app/pending-identity";
import { isOAuthMethodId, oauthMethod } from "@/lib/methods";
import {
  findSuspendedAction,
  type SuspendedAction,
  type SensitiveAction,
} from "@/lib/web/suspended-action";
import { message } from "@/lib/web/messages";
import { isStaffPath } from "@/lib/web/redirects";
import { cancelSuspended } from "./actions";

/**
 * What a step-up is for, as its page says: the suspended action with this id, or a page that requires a
 * step-up before it shows its form. `isLost`: the action with this id is not suspended any more.
 */
export async function describeStepUp({ next, actionId }: { next: string; actionId: string }) {
  const suspended = actionId ? await findSuspendedAction(actionId) : null;
  if (suspended)
    return {
      isLost: false,
      title: await titleOf(suspended),
      lead: message("stepUp.lead.action"),
    };
  const isForPassword = next === "/account/password";
  return {
    isLost: actionId !== "",
    title: message(
      actionId
        ? "stepUp.expiredTitle"
        : isForPassword
          ? "stepUp.title.setPassword"
          : "stepUp.title",
    ),
    lead: message(isForPassword ? "stepUp.lead.action" : "stepUp.lead"),
  };
}

const titles = {
  "email_change.request": "stepUp.title.changeEmail",
  "account.delete": "stepUp.title.deleteAccount",
  "password.set": "stepUp.title.setPassword",
  "password.remove": "stepUp.title.removePassword",
  "oauth.start_linking": "stepUp.title.connect",
  "auth_provider.link": "stepUp.title.connect",
  "auth_provider.confirm": "stepUp.title.keep",
  "auth_provider.unlink": "stepUp.title.disconnect",
  "methods.unlock": "stepUp.title.unlock",
  "session.report": "stepUp.title.report",
  "user.revoke_sessions": "stepUp.title.staff",
  "user.disable": "stepUp.title.staff",
  "user.enable": "stepUp.title.staff",
  "user.change_role": "stepUp.title.staff",
  "pending_sign_up.resend": "stepUp.title.staffMail",
  "outbox.send_test": "stepUp.title.staffMail",
  "invitation.send": "stepUp.title.invitation",
  "invitation.cancel": "stepUp.title.invitation",
  "access_link.issue": "stepUp.title.staff",
  "access_link.cancel": "stepUp.title.staff",
  "staff_email_change.start": "stepUp.title.staff",
  "staff_email_change.cancel": "stepUp.title.staff",
} as const satisfies Record<SensitiveAction, string>;

async function titleOf({ flow, input }: SuspendedAction): Promise<string> {
  const title = titles[flow];
  if (
    title === "stepUp.title.changeEmail" ||
    title === "stepUp.title.deleteAccount" ||
    title === "stepUp.title.setPassword" ||
    title === "stepUp.title.removePassword" ||
    title === "stepUp.title.unlock" ||
    title === "stepUp.title.report" ||
    title === "stepUp.title.staff" ||
    title === "stepUp.title.staffMail" ||
    title === "stepUp.title.invitation"
  )
    return message(title);
  // The identity to link has a token of its own.
  const provider = flow === "auth_provider.link" ? await pendingProvider() : String(input.provider);
  // A provider that is not pending any more, or that a forged form names, has no name.
  return provider && isOAuthMethodId(provider)
    ? message(title, { provider: oauthMethod(provider).oauth.name })
    : message("stepUp.title");
}

/** The way out of a step-up: it cancels the suspended action, if the step-up is for one. */
export function CancelStepUp({ actionId, next }: { actionId: string; next: string }) {
  if (!actionId)
    return (
      <StandaloneLink href={isStaffPath(next) ? "/account" : "/account/methods"}>
        {message("common.cancel")}
      </StandaloneLink>
    );
  return (
    <Form action={cancelSuspended}>
      <input type="hidden" name="next" value={next} />
      <input type="hidden" name="for" value={actionId} />
      <Button variant="quiet">{message("common.cancel")}</Button>
    </Form>
  );
}
