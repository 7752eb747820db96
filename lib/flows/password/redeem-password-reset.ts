import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import {
  confirmPassword,
  password,
  token,
  optionalEmail,
  passwordsMatch,
} from "@/lib/runtime/fields";
import { confirmationLimit } from "@/lib/runtime/limits";
import { completePasswordReset } from "./steps";
import { consumeLink, previewLink } from "@/lib/store/verifications";
import { refuse } from "@/lib/core/result";

/**
 * Sets a new password by the link from the mail. In a browser that did not ask for it the whole
 * address has to be typed (L5); and a password that is not taken spends nothing. Refuses `link_invalid`,
 * `email_mismatch`, what speaks against the password, `overloaded`, and after the proof `account_disabled`.
 */
export const redeemPasswordReset = defineFlow({
  name: "password_reset.redeem",
  kind: "write",
  requires: "anyone",
  method: "password",
  limits: [confirmationLimit],
  input: z
    .strictObject({ token, username: optionalEmail, password, confirmPassword })
    .superRefine(passwordsMatch),

  async run(ctx, { token, username, password }) {
    const link = await previewLink(ctx.db, "password_reset", token);
    if (link) ctx.auditSubject({ identifier: link.identifier });
    if (link?.state !== "live") return refuse("link_invalid", { cause: link?.state ?? "unknown" });
    const { requestingBrowserDigest } = ctx.caller;
    if (link.requestingBrowserDigest !== requestingBrowserDigest && link.identifier !== username)
      return refuse("email_mismatch", { field: "username" });
    const strength = await ctx.passwords.checkStrength(password, [
      link.identifier,
      ctx.env.appName,
    ]);
    if (!strength.ok) return strength;
    const hashed = await ctx.passwords.hash(password);
    if (!hashed.ok) return hashed;
    return ctx.write(async (tx) => {
      const access = { requestingBrowserDigest, typedEmail: username };
      const consumed = await consumeLink(tx, "password_reset", token, access);
      if (!consumed) return refuse("link_invalid", { cause: "used" });
      return completePasswordReset(ctx, tx, consumed, hashed.value);
    });
  },
});
