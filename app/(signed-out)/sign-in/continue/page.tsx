import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { oauthMethod } from "@/lib/methods";
import { readOAuthRedirect } from "@/lib/web/oauth-cookies";
import { message } from "@/lib/web/messages";
import { siteConfig } from "@/lib/web/site";

export const generateMetadata = (): Metadata => ({ title: message("oauth.redirectPage") });

/** Leads on to a provider by itself, with a link for browsers that don't. */
export default async function LeavingPage() {
  const onward = await readOAuthRedirect();
  if (!onward) redirect("/sign-in");
  const { provider, url } = onward;
  const { name } = oauthMethod(provider).oauth;
  return (
    <SignedOutLayout
      appName={siteConfig().appName}
      title={message("oauth.redirectTitle", { provider: name })}
    >
      <meta httpEquiv="refresh" content={`0;url=${url}`} />
      <p>
        <a href={url}>{message("oauth.redirectLink", { provider: name })}</a>
      </p>
    </SignedOutLayout>
  );
}
