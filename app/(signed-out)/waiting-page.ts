import { readPendingRequest } from "@/lib/flows/sign-in/read-pending-request";
import type { Refusal } from "@/lib/core/result";
import { redirectWithErrorAfterVerification, redirectWithNotice } from "@/lib/web/flash";
import { runForRequest } from "@/lib/web/run-for-request";

/** The page that waits for an email's code, and the page on which the email is requested. */
const waitingPages = {
  magic_link: { path: "/sign-in/check", start: "/sign-in" },
  sign_up: { path: "/verify-email", start: "/sign-up" },
  password_reset: { path: "/password/check", start: "/password" },
} as const;

/**
 * Ends an action of a waiting page with an error. A browser without its request, whose cookies are gone,
 * would be redirected from there: it gets the error and its address on the page where it starts again.
 * Never returns.
 */
export async function redirectToWaitingPage(
  purpose: keyof typeof waitingPages,
  refusal: Refusal,
  form: FormData,
): Promise<never> {
  const { path, start } = waitingPages[purpose];
  const entered = { email: form.get("email"), remember: form.get("remember") };
  const pending = await runForRequest(readPendingRequest, { purpose });
  // It would redirect on to where the sign-in led.
  if (pending.ok && pending.value.done) return redirectWithNotice("/account", "already_signed_in");
  const isGone = !pending.ok && pending.refusal.code === "not_found";
  return isGone
    ? redirectWithErrorAfterVerification(start, { ...refusal, field: undefined }, entered)
    : redirectWithErrorAfterVerification(path, refusal, entered);
}
