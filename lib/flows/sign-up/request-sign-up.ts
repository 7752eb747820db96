import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import {
  confirmPassword,
  checkbox,
  email,
  next,
  password,
  passwordsMatch,
} from "@/lib/runtime/fields";
import { mailLimits, confirmationLimit } from "@/lib/runtime/limits";
import { mailSignUpCode } from "./steps";
import { refuse } from "@/lib/core/result";

/**
 * Signs up with an address and a password: an attempt of this browser, and a code in the mail. No
 * user comes of it before the code is typed here (P1). Whether the address has an account shows
 * nowhere in the answer (P3). Refuses `sign_up_closed`, what speaks against the password, `overloaded`.
 */
export const requestSignUp = defineFlow({
  name: "sign_up.request",
  kind: "write",
  requires: "anyone",
  method: "password",
  identifierOf: ({ email }) => email,
  limits: [confirmationLimit, ...mailLimits("sign_up")],
  input: z
    .strictObject({ email, password, confirmPassword, remember: checkbox, next })
    .superRefine(passwordsMatch),

  async run(ctx, { email, password, remember, next }) {
    if (ctx.env.signUp === "closed") return refuse("sign_up_closed");
    const strength = await ctx.passwords.checkStrength(password, [email, ctx.env.appName]);
    const hashed = strength.ok ? await ctx.passwords.hash(password) : strength;
    if (!hashed.ok) {
      // Else whoever looks for a password that will do has no mail left when they found it.
      ctx.refundMailLimits();
      return hashed;
    }
    const attempt = { passwordHash: hashed.value, remember, next };
    return ctx.write((tx) => mailSignUpCode(ctx, tx, email, attempt, { restart: true }));
  },
});
