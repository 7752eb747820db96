import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { Gate } from "@/app/_ui/signed-out-layout";
import { words } from "@/app/words";
import { oauthProviders } from "@/lib/core/oauth-providers";
import { readOnward } from "@/lib/web/oauth-cookies";
import { site } from "@/lib/web/site";

export const metadata: Metadata = { title: words.leaving.title };

/** Leads on to a provider by itself, with a link for browsers that don't. */
export default async function LeavingPage() {
  const onward = await readOnward();
  if (!onward) redirect("/sign-in");
  const { provider, url } = onward;
  return (
    <Gate appName={site().appName} title={words.leaving.to(oauthProviders[provider].name)}>
      <meta httpEquiv="refresh" content={`0;url=${url}`} />
      <p>
        <a href={url}>{words.leaving.link(oauthProviders[provider].name)}</a>
      </p>
    </Gate>
  );
}
