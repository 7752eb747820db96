"use server";

import { redeemSetup } from "@/lib/flows/setup/redeem-setup";
import { redirectWithError, redirectWithNotice } from "@/lib/web/flash";
import { withNext } from "@/lib/web/redirects";
import { fields, runForRequest } from "@/lib/web/run-for-request";

export async function submitSetup(form: FormData): Promise<void> {
  const result = await runForRequest(redeemSetup, fields(form), { form });
  if (result.ok) await redirectWithNotice(withNext("/sign-in", "/admin/users"), "setup_done");
  else await redirectWithError("/account", result.refusal);
}
