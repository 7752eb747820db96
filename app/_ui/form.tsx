import { cache, type ReactNode } from "react";
import { readSession } from "@/lib/flows/sessions/read-session";
import { runForRequest, shownToField } from "@/lib/web/run-for-request";

interface FormProps {
  action: (form: FormData) => Promise<void>;
  children: ReactNode;
}

/**
 * The only form there is. It says whom its page shows as signed in, so that the runner refuses it once
 * somebody else is. noValidate, because every refusal is worded by us and shown on the page after the
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

/** The user's id rather than the session's: the same person's next session does as well. */
const whoIsSignedIn = cache(async () => {
  const session = await runForRequest(readSession, {});
  return (session.ok && session.value?.userId) || "";
});
