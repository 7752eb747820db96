"use server";

import { cancelMagicLink } from "@/lib/flows/sign-in/cancel-magic-link";
import { redeemMagicLink } from "@/lib/flows/sign-in/redeem-magic-link";
import {
  redirectWithNotice,
  redirectWithError,
  redirectWithErrorAfterVerification,
} from "@/lib/web/flash";
import { linkFields, runForRequest } from "@/lib/web/run-for-request";
import { redirectAfterSignIn } from "@/lib/web/redirects";

export async function submitLink(form: FormData): Promise<void> {
  // Its page says who is signed out by it, or that nobody is.
  const result = await runForRequest(redeemMagicLink, linkFields(form), { form });
  if (result.ok) redirectAfterSignIn(result.value);
  await redirectWithErrorAfterVerification(linkPath(form), result.refusal);
}

export async function submitLinkCancellation(form: FormData): Promise<void> {
  const result = await runForRequest(cancelMagicLink, linkFields(form));
  if (result.ok) await redirectWithNotice("/sign-in", "request_cancelled");
  else await redirectWithError(linkPath(form), result.refusal);
}

/** Back to the link's own page, which knows what became of it. */
const linkPath = (form: FormData) => {
  const token = form.get("token");
  return typeof token === "string" && token ? `/l/${encodeURIComponent(token)}` : "/l";
};
