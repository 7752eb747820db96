"use server";

import { cancelMagicLink } from "@/lib/flows/sign-in/cancel-magic-link";
import { redeemMagicLink } from "@/lib/flows/sign-in/redeem-magic-link";
import { sayDone, sayNo, sayNoAfterProof } from "@/lib/web/flash";
import { fields, perform } from "@/lib/web/run-for-request";
import { goOnProven } from "@/lib/web/redirects";

export async function signInByLink(form: FormData): Promise<void> {
  // Its page says who is signed out by it, or that nobody is.
  const result = await perform(redeemMagicLink, fields(form), { form });
  if (result.ok) goOnProven(result.value);
  await sayNoAfterProof(linkPath(form), result.refusal);
}

export async function cancelRequest(form: FormData): Promise<void> {
  const result = await perform(cancelMagicLink, fields(form));
  if (result.ok) await sayDone("/sign-in", "request_cancelled");
  else await sayNo(linkPath(form), result.refusal);
}

/** Back to the link's own page, which knows what became of it. */
const linkPath = (form: FormData) => {
  const token = form.get("token");
  return typeof token === "string" && token ? `/l/${encodeURIComponent(token)}` : "/l";
};
