import { cache, type ReactNode } from "react";
import { readSession } from "@/lib/flows/sessions/read-session";
import { runForRequest, shownToField } from "@/lib/web/run-for-request";

interface FormProps {
  action: (form: FormData) => Promise<void>;
  children: ReactNode;
}

/**
 * The only form component. It sends the user that its page shows as signed in, so that the runner
 * refuses it when another user is signed in by then. noValidate: our own messages are shown after the
 * redirect.
 */
export async function Form({ action, children }: FormProps) {
  const shownTo = await whoIsSignedIn();
  return (
    <form className="form" action={action} noValidate suppressHydrationWarning>
      <input type="hidden" name={shownToField} value={shownTo} />
      {children}
    </form>
  );
}

/** The user's id, not the session's: the form stays valid in the user's next session. */
const whoIsSignedIn = cache(async () => {
  const session = await runForRequest(readSession, {});
  return (session.ok && session.value?.userId) || "";
});

/** A form that only asks for another page, by its fields in the URL. */
export function SearchForm({ action, children }: { action: string; children: ReactNode }) {
  return (
    <form className="form search" method="get" action={action} role="search" noValidate>
      {children}
    </form>
  );
}
