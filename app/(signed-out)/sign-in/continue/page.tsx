import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { cache } from "react";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { oauthMethod } from "@/lib/methods";
import { readOAuthRedirect } from "@/lib/web/oauth-cookies";
import { message } from "@/lib/web/messages";
import { siteConfig } from "@/lib/web/site";

const readTarget = cache(async () => {
  const redirectTarget = await readOAuthRedirect();
  if (!redirectTarget) redirect("/sign-in");
  const { provider, url } = redirectTarget;
  const { name } = oauthMethod(provider).oauth;
  return { name, url, title: message("oauth.redirectTitle", { provider: name }) };
});

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await readTarget()).title };
}

/** Continues to a provider automatically, and by a link. */
export default async function LeavingPage() {
  const { name, url, title } = await readTarget();
  return (
    <SignedOutLayout appName={siteConfig().appName} title={title}>
      <meta httpEquiv="refresh" content={`0;url=${url}`} />
      <StandaloneLink href={url}>
        {message("oauth.redirectLink", { provider: name })}
      </StandaloneLink>
    </SignedOutLayout>
  );
}
