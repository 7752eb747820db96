import type { Metadata } from "next";
import { FlashMessage, pageTitle } from "@/app/flash-message";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { RequestId } from "@/app/request-id";
import { readFlash } from "@/lib/web/flash";
import { message, rich } from "@/lib/web/messages";
import { withNext } from "@/lib/web/redirects";
import { safeNext } from "@/lib/web/safe-next";
import { siteConfig } from "@/lib/web/site";
import { TryAgainForm } from "../provider-forms";

const path = "/sign-in/problem";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(message("problem.title"), await readFlash(path)) };
}

interface Props {
  searchParams: Promise<{ next?: string | string[] }>;
}

/** Shows errors that are disclosed only after verification, or that no form can correct. */
export default async function ProblemPage({ searchParams }: Props) {
  const { next } = await searchParams;
  const flash = await readFlash(path);
  const { appName, supportEmail } = siteConfig();
  const returnPath = next === undefined ? "" : safeNext(next);
  const provider = flash.refusal?.provider;
  return (
    <SignedOutLayout appName={appName} title={message("problem.title")}>
      {flash.refusal ? <FlashMessage flash={flash} /> : <p>{message("problem.none")}</p>}
      {flash.refusal && supportEmail && (
        <p>
          {rich("problem.support", {
            address: supportEmail,
            link: (address) => (
              <a href={`mailto:${supportEmail}`} dir="ltr">
                {address}
              </a>
            ),
          })}
        </p>
      )}
      {provider && <TryAgainForm provider={provider} next={returnPath} />}
      <StandaloneLink href={withNext("/sign-in", returnPath)}>
        {message(provider ? "problem.otherMethod" : "problem.back")}
      </StandaloneLink>
      <RequestId id={flash.refusal?.reference} />
    </SignedOutLayout>
  );
}
