import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { again, password, token, typedAddress, typedAlike } from "@/lib/runtime/fields";
import { pressLimit } from "@/lib/runtime/limits";
import { acceptNewPassword } from "./steps";
import { consumeLink, previewLink } from "@/lib/store/verifications";
import { refuse } from "@/lib/core/result";

/**
 * Sets a new password by the link from the mail. In a browser that did not ask for it the whole
 * address has to be typed (L5); and a password that is not taken spends nothing. Refuses `link_dead`,
 * `address_differs`, what speaks against the password, `busy`, and after the proof `account_disabled`.
 */
export const redeemPasswordReset = defineFlow({
  name: "password_reset.redeem",
  kind: "write",
  requires: "anyone",
  method: "password",
  limits: [pressLimit],
  input: z.strictObject({ token, username: typedAddress, password, again }).superRefine(typedAlike),

  async run(ctx, { token, username, password }) {
    const link = await previewLink(ctx.db, "password_reset", token);
    if (link) ctx.about({ identifier: link.identifier });
    if (link?.state !== "live") return refuse("link_dead", { cause: link?.state ?? "unknown" });
    const { askingDigest } = ctx.caller;
    if (link.browserDigest !== askingDigest && link.identifier !== username)
      return refuse("address_differs", { field: "username" });
    const weighed = await ctx.passwords.weigh(password, [link.identifier, ctx.env.appName]);
    if (!weighed.ok) return weighed;
    const hashed = await ctx.passwords.hash(password);
    if (!hashed.ok) return hashed;
    return ctx.write(async (tx) => {
      const claim = { browserDigest: askingDigest, typed: username };
      const spent = await consumeLink(tx, "password_reset", token, claim);
      if (!spent) return refuse("link_dead", { cause: "used" });
      return acceptNewPassword(ctx, tx, spent, hashed.value);
    });
  },
});
