import { z } from "zod";
import { masked } from "@/lib/core/identifier";
import { ok, refuse } from "@/lib/core/result";
import { token } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { previewReport } from "@/lib/store/sign-in-reports";

/**
 * What the page of a report shows of the sign-in before the owner reports it. Consumes nothing (L2). Refuses
 * `link_invalid`, with the cause for the audit log only.
 */
export const previewSignInReport = defineFlow({
  name: "sign_in_report.preview",
  kind: "read",
  requires: "anyone",
  limits: [],
  input: z.strictObject({ token }),

  run: async function previewSignInReport(ctx, { token }) {
    const report = await previewReport(ctx.db, token, ctx.caller.requestingBrowserDigest);
    if (!report || (report.state !== "live" && !report.isRepeatable))
      return refuse("link_invalid", { cause: report?.state ?? "unknown" });
    const { identifier, browser, ip, signedInAt } = report;
    return ok({ address: masked(identifier), browser, ip, signedInAt });
  },
});
