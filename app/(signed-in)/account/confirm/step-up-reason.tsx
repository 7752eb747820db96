import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { pendingProvider } from "@/app/pending-identity";
import { words } from "@/app/words";
import { isOAuthProvider, oauthProviders } from "@/lib/core/oauth-providers";
import { findSuspendedAction, type SuspendedAction } from "@/lib/web/suspended-action";
import { cancelSuspended } from "./actions";

/**
 * What a proof is for, as its page says it: the form that waits under an id, or a page that asks before
 * it shows its form. `isLost`: a form was waiting under that id, and does no more.
 */
export async function describeStepUp({ next, actionId }: { next: string; actionId: string }) {
  const suspended = actionId ? await findSuspendedAction(actionId) : null;
  const { title, lead, titleTo, leadTo, leadToPage, lostTitle, pages } = words.prove;
  if (suspended) return { isLost: false, title: titleTo(await nameOf(suspended)), lead: leadTo };
  const page = pages[next];
  return {
    isLost: actionId !== "",
    title: actionId ? lostTitle : title,
    lead: page ? leadToPage(page) : lead,
  };
}

async function nameOf({ flow, input }: SuspendedAction): Promise<string> {
  // What is to be connected waits under a token of its own.
  const provider = flow === "auth_provider.link" ? await pendingProvider() : String(input.provider);
  const name = provider && isOAuthProvider(provider) ? oauthProviders[provider].name : "";
  return words.prove.interrupted[flow](name || words.prove.aProvider);
}

/** The way out for whoever does not want what waits to be carried out. */
export function CancelForm({ actionId }: { actionId: string }) {
  return (
    <Form action={cancelSuspended}>
      <input type="hidden" name="for" value={actionId} />
      <Button variant="quiet">{words.prove.cancel}</Button>
    </Form>
  );
}
