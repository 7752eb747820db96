import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { cache } from "react";
import { FlashMessage } from "@/app/flash-message";
import { hiddenTokenPath } from "@/app/hidden-token-path";
import { email } from "@/app/markup";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { previewSetup } from "@/lib/flows/setup/preview-setup";
import { readFlash } from "@/lib/web/flash";
import { message, rich } from "@/lib/web/messages";
import { runForRequest } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { submitSetup } from "../actions";

interface Props {
  params: Promise<{ token: string }>;
}

/** The address that would be the admin's, or why there is none. */
const readLink = cache(async (token: string) => {
  const preview = await runForRequest(previewSetup, { token });
  if (preview.ok) return { address: preview.value.email };
  if (preview.refusal.code === "unavailable") redirect("/unavailable");
  return { address: null, isSignedOut: preview.refusal.code === "sign_in_required" };
});

const titleOf = (link: Awaited<ReturnType<typeof readLink>>) =>
  message(link.address !== null || link.isSignedOut ? "setup.title" : "link.invalidTitle");

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: titleOf(await readLink((await params).token)) };
}

/** The page of the link that the server prints while there is no admin. */
export default async function SetupPage({ params }: Props) {
  const { token } = await params;
  const link = await readLink(token);
  return (
    <SignedOutLayout
      appName={siteConfig().appName}
      title={titleOf(link)}
      hidePath={await hiddenTokenPath()}
    >
      {link.address !== null ? (
        <>
          <FlashMessage flash={await readFlash("/l")} />
          <p>{rich("setup.lead", { address: link.address, email })}</p>
          <Form action={submitSetup}>
            <input type="hidden" name="token" value={token} />
            <Button variant="primary">{message("setup.submit")}</Button>
          </Form>
          <StandaloneLink href="/account">{message("common.cancel")}</StandaloneLink>
        </>
      ) : link.isSignedOut ? (
        <>
          <p>{message("setup.signIn")}</p>
          <StandaloneLink href="/sign-in">{message("methodDisabled.signIn")}</StandaloneLink>
        </>
      ) : (
        <p>{message("setup.invalid")}</p>
      )}
    </SignedOutLayout>
  );
}
