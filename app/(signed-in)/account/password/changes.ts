import { removePassword } from "@/lib/flows/password/remove-password";
import { setPassword } from "@/lib/flows/password/set-password";
import { sayDone, sayNo } from "@/lib/web/flash";
import { interrupt, type Interrupted, type Interruptible } from "@/lib/web/interruption";
import { perform } from "@/lib/web/perform";

type Input = Interrupted["input"];

/**
 * What step-up may interrupt, and is completed after it with the session's new token: asked for by
 * the actions of the account pages, and again by the proof's.
 */
export const changes: Record<Interruptible, (input: Input, renewed?: string) => Promise<void>> = {
  async "password.set"(input, renewed) {
    const result = await perform(setPassword, input, { renewed });
    if (result.ok) return sayDone("/account/methods", "password_set");
    const { refusal } = result;
    if (refusal.code === "step_up_required")
      return interrupt({ flow: "password.set", input }, "/account/password");
    return sayNo("/account/password", refusal);
  },

  async "password.remove"(input, renewed) {
    const result = await perform(removePassword, input, { renewed });
    if (result.ok) return sayDone("/account/methods", "password_removed");
    const { refusal } = result;
    if (refusal.code === "step_up_required")
      return interrupt({ flow: "password.remove", input }, "/account/methods");
    return sayNo("/account/methods", refusal);
  },
};
