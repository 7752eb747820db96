import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { providerWaiting } from "@/app/pending-identity";
import { words } from "@/app/words";
import { isOAuthProvider, oauthProviders } from "@/lib/core/oauth-providers";
import { findInterrupted, type Interrupted } from "@/lib/web/suspended-action";
import { cancelInterruption } from "./actions";

/**
 * What a proof is for, as its page says it: the form that waits under an id, or a page that asks before
 * it shows its form. `isLost`: a form was waiting under that id, and does no more.
 */
export async function describeProof({ next, waiting }: { next: string; waiting: string }) {
  const interrupted = waiting ? await findInterrupted(waiting) : null;
  const { title, lead, titleTo, leadTo, leadToPage, lostTitle, pages } = words.prove;
  if (interrupted)
    return { isLost: false, title: titleTo(await nameOf(interrupted)), lead: leadTo };
  const page = pages[next];
  return {
    isLost: waiting !== "",
    title: waiting ? lostTitle : title,
    lead: page ? leadToPage(page) : lead,
  };
}

async function nameOf({ flow, input }: Interrupted): Promise<string> {
  // What is to be connected waits under a token of its own.
  const provider =
    flow === "auth_provider.connect" ? await providerWaiting() : String(input.provider);
  const name = provider && isOAuthProvider(provider) ? oauthProviders[provider].name : "";
  return words.prove.interrupted[flow](name || words.prove.aProvider);
}

/** The way out for whoever does not want what waits to be carried out. */
export function CancelForm({ waiting }: { waiting: string }) {
  return (
    <Form action={cancelInterruption}>
      <input type="hidden" name="for" value={waiting} />
      <Button variant="quiet">{words.prove.cancel}</Button>
    </Form>
  );
}
