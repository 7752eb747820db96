import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { pendingProvider } from "@/app/pending-identity";
import { isOAuthMethodId, oauthMethod } from "@/lib/methods";
import {
  findSuspendedAction,
  type SuspendedAction,
  type SensitiveAction,
} from "@/lib/web/suspended-action";
import { message } from "@/lib/web/messages";
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
  return {
    isLost: actionId !== "",
    title: message(actionId ? "stepUp.expiredTitle" : "stepUp.title"),
    lead: message(next === "/account/password" ? "stepUp.lead.setPassword" : "stepUp.lead"),
  };
}

const titles = {
  "password.set": "stepUp.title.setPassword",
  "password.remove": "stepUp.title.removePassword",
  "oauth.start_linking": "stepUp.title.connect",
  "auth_provider.link": "stepUp.title.connect",
  "auth_provider.confirm": "stepUp.title.keep",
  "auth_provider.unlink": "stepUp.title.disconnect",
} as const satisfies Record<SensitiveAction, string>;

async function titleOf({ flow, input }: SuspendedAction): Promise<string> {
  const title = titles[flow];
  if (title === "stepUp.title.setPassword" || title === "stepUp.title.removePassword")
    return message(title);
  // The identity to link has a token of its own.
  const provider = flow === "auth_provider.link" ? await pendingProvider() : String(input.provider);
  // A provider that is not pending any more, or that a forged form names, has no name.
  return provider && isOAuthMethodId(provider)
    ? message(title, { provider: oauthMethod(provider).oauth.name })
    : message("stepUp.title");
}

/** Cancels the suspended action. */
export function CancelForm({ actionId }: { actionId: string }) {
  return (
    <Form action={cancelSuspended}>
      <input type="hidden" name="for" value={actionId} />
      <Button variant="quiet">{message("common.cancel")}</Button>
    </Form>
  );
}
