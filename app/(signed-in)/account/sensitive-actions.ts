import type { z } from "zod";
import { redirectToProvider } from "@/lib/web/oauth-cookies";
import { linkProvider } from "@/lib/flows/account/link-provider";
import { unlinkProvider } from "@/lib/flows/account/unlink-provider";
import { confirmProvider } from "@/lib/flows/account/confirm-provider";
import { startLinkingProvider } from "@/lib/flows/oauth/start-linking-provider";
import { removePassword } from "@/lib/flows/password/remove-password";
import { setPassword } from "@/lib/flows/password/set-password";
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
type Flow<S extends z.ZodType, Out> = Parameters<typeof runForRequest<S, Out, "session">>[0];

const methods = "/account/methods";

/**
 * Something that step-up may interrupt: then what was sent waits, and `back` is where the person is led
 * if it could not. Otherwise `told` is the page that says how it went.
 */
function sensitiveAction<Schema extends z.ZodType, Out>(
  name: SensitiveAction,
  flow: Flow<Schema, Out>,
  done: (value: Out) => Promise<void>,
  { back = methods, told = methods } = {},
) {
  return async (input: Input, form: FormData, renewed?: string): Promise<void> => {
    const result = await runForRequest(flow, input, { form, renewed });
    if (result.ok) return done(result.value);
    const { refusal } = result;
    if (refusal.code === "step_up_required") return suspendAction({ flow: name, input }, back);
    return redirectWithError(told, refusal);
  };
}

const notice = (note: NoteCode) => () => redirectWithNotice(methods, note);
const noticeAbout =
  (note: NoteCode) =>
  ({ provider }: { provider: MethodId }) =>
    redirectWithNotice(methods, note, provider);
const passwordPage = "/account/password";

/**
 * Asked for by the actions of the account pages, and again by the proof's, with the session's new token.
 * `form` is the one that was posted, which says whom its page showed.
 */
export const sensitiveActions: Record<SensitiveAction, ReturnType<typeof sensitiveAction>> = {
  "password.set": sensitiveAction("password.set", setPassword, notice("password_set"), {
    back: passwordPage,
    told: passwordPage,
  }),
  "password.remove": sensitiveAction("password.remove", removePassword, notice("password_removed")),
  "oauth.start_linking": sensitiveAction(
    "oauth.start_linking",
    startLinkingProvider,
    ({ provider, url }) => redirectToProvider(provider, url),
  ),
  "auth_provider.link": sensitiveAction(
    "auth_provider.link",
    linkProvider,
    // Who was on their way somewhere when they were sent to sign in first goes on there (O4).
    ({ provider, next }) =>
      redirectWithNotice(next ? safeNext(next) : methods, "provider_connected", provider),
    { back: "/account/connect" },
  ),
  "auth_provider.confirm": sensitiveAction(
    "auth_provider.confirm",
    confirmProvider,
    noticeAbout("provider_confirmed"),
  ),
  "auth_provider.unlink": sensitiveAction(
    "auth_provider.unlink",
    unlinkProvider,
    noticeAbout("provider_disconnected"),
  ),
};
