import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { words } from "@/app/words";
import { oauthProviders } from "@/lib/core/oauth-providers";
import { readOAuthRedirect } from "@/lib/web/oauth-cookies";
import { siteConfig } from "@/lib/web/site";

export const metadata: Metadata = { title: words.leaving.title };

/** Leads on to a provider by itself, with a link for browsers that don't. */
export default async function LeavingPage() {
  const onward = await readOAuthRedirect();
  if (!onward) redirect("/sign-in");
  const { provider, url } = onward;
  return (
    <SignedOutLayout
      appName={siteConfig().appName}
      title={words.leaving.to(oauthProviders[provider].name)}
    >
      <meta httpEquiv="refresh" content={`0;url=${url}`} />
      <p>
        <a href={url}>{words.leaving.link(oauthProviders[provider].name)}</a>
      </p>
    </SignedOutLayout>
  );
}
