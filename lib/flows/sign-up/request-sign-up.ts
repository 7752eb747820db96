import { z } from "zod";
import { defineFlow } from "@/lib/runtime/flow";
import { again, checkbox, email, next, password, typedAlike } from "@/lib/runtime/fields";
import { mailLimits, pressLimit } from "@/lib/runtime/limits";
import { mailSignUpCode } from "./steps";
import { refuse } from "@/lib/core/result";

/**
 * Signs up with an address and a password: an attempt of this browser, and a code in the mail. No
 * user comes of it before the code is typed here (P1). Whether the address has an account shows
 * nowhere in the answer (P3). Refuses `sign_up_closed`, what speaks against the password, `busy`.
 */
export const requestSignUp = defineFlow({
  name: "sign_up.request",
  kind: "write",
  requires: "anyone",
  method: "password",
  concerns: ({ email }) => email,
  limits: [pressLimit, ...mailLimits("sign_up")],
  input: z.strictObject({ email, password, again, keep: checkbox, next }).superRefine(typedAlike),

  async run(ctx, { email, password, keep, next }) {
    if (ctx.env.signUp === "closed") return refuse("sign_up_closed");
    const weighed = await ctx.passwords.weigh(password, [email, ctx.env.appName]);
    const hashed = weighed.ok ? await ctx.passwords.hash(password) : weighed;
    if (!hashed.ok) {
      // Else whoever looks for a password that will do has no mail left when they found it.
      ctx.mailsNothing();
      return hashed;
    }
    const attempt = { passwordHash: hashed.value, keep, next };
    return ctx.write((tx) => mailSignUpCode(ctx, tx, email, attempt, { anew: true }));
  },
});
