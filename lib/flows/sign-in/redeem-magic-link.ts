import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { token, typedAddress } from "@/lib/runtime/fields";
import { pressLimit } from "@/lib/runtime/limits";
import { acceptMailboxProof } from "@/lib/flows/shared/complete-email-sign-in";
import { consumeLink, previewLink } from "@/lib/store/verifications";
import { refuse } from "@/lib/core/result";

/**
 * Signs in by a pressed link. In a browser that did not ask for it the whole address has to be
 * typed; without it nothing is spent (L5). Refuses `link_dead` with the cause in the audit log,
 * `address_differs`, and after the proof `sign_up_closed` or `account_disabled`.
 */
export const redeemMagicLink = defineFlow({
  name: "magic_link.redeem",
  kind: "write",
  requires: "anyone",
  method: "magic_link",
  limits: [pressLimit],
  input: z.strictObject({ token, username: typedAddress }),

  run: (ctx, { token, username }) =>
    ctx.write(async (tx) => {
      const claim = { browserDigest: ctx.caller.askingDigest, typed: username };
      const spent = await consumeLink(tx, "magic_link", token, claim);
      if (!spent) {
        const link = await previewLink(tx, "magic_link", token);
        if (link) ctx.about({ identifier: link.identifier });
        if (link?.state === "live") return refuse("address_differs", { field: "username" });
        return refuse("link_dead", { cause: link?.state ?? "unknown" });
      }
      ctx.about({ identifier: spent.identifier });
      return acceptMailboxProof(ctx, tx, spent);
    }),
});
