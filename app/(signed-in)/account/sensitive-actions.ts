import type { z } from "zod";
import { setOut } from "@/app/oauth-redirects";
import { connectProvider } from "@/lib/flows/account/link-provider";
import { disconnectProvider } from "@/lib/flows/account/unlink-provider";
import { keepProvider } from "@/lib/flows/account/confirm-provider";
import { beginLink } from "@/lib/flows/oauth/start-linking-provider";
import { removePassword } from "@/lib/flows/password/remove-password";
import { setPassword } from "@/lib/flows/password/set-password";
import type { OAuthProvider } from "@/lib/core/oauth-providers";
import { type NoteCode, sayDone, sayNo } from "@/lib/web/flash";
import { interrupt, type Interrupted, type Interruptible } from "@/lib/web/suspended-action";
import { perform } from "@/lib/web/run-for-request";
import { safeNext } from "@/lib/web/redirects";

type Input = Interrupted["input"];
type Flow<S extends z.ZodType, Out> = Parameters<typeof perform<S, Out, "session">>[0];

const methods = "/account/methods";

/**
 * Something that step-up may interrupt: then what was sent waits, and `back` is where the person is led
 * if it could not. Otherwise `told` is the page that says how it went.
 */
function change<Schema extends z.ZodType, Out>(
  name: Interruptible,
  flow: Flow<Schema, Out>,
  done: (value: Out) => Promise<void>,
  { back = methods, told = methods } = {},
) {
  return async (input: Input, form: FormData, renewed?: string): Promise<void> => {
    const result = await perform(flow, input, { form, renewed });
    if (result.ok) return done(result.value);
    const { refusal } = result;
    if (refusal.code === "step_up_required") return interrupt({ flow: name, input }, back);
    return sayNo(told, refusal);
  };
}

const say = (note: NoteCode) => () => sayDone(methods, note);
const sayOf =
  (note: NoteCode) =>
  ({ provider }: { provider: OAuthProvider }) =>
    sayDone(methods, note, provider);
const passwordPage = "/account/password";

/**
 * Asked for by the actions of the account pages, and again by the proof's, with the session's new token.
 * `form` is the one that was posted, which says whom its page showed.
 */
export const changes: Record<Interruptible, ReturnType<typeof change>> = {
  "password.set": change("password.set", setPassword, say("password_set"), {
    back: passwordPage,
    told: passwordPage,
  }),
  "password.remove": change("password.remove", removePassword, say("password_removed")),
  "handshake.begin_link": change("handshake.begin_link", beginLink, ({ provider }) =>
    setOut(provider),
  ),
  "auth_provider.connect": change(
    "auth_provider.connect",
    connectProvider,
    // Who was on their way somewhere when they were sent to sign in first goes on there (O4).
    ({ provider, next }) =>
      sayDone(next ? safeNext(next) : methods, "provider_connected", provider),
    { back: "/account/connect" },
  ),
  "auth_provider.keep": change("auth_provider.keep", keepProvider, sayOf("provider_kept")),
  "auth_provider.disconnect": change(
    "auth_provider.disconnect",
    disconnectProvider,
    sayOf("provider_disconnected"),
  ),
};
