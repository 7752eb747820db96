import type { Metadata } from "next";
import { message } from "@/lib/web/messages";
import { siteConfig } from "@/lib/web/site";
import { StandaloneLink } from "./_ui/standalone-link";
import { SignedOutLayout } from "./_ui/signed-out-layout";

export const generateMetadata = (): Metadata => ({ title: message("notFound.title") });

export default function NotFound() {
  return (
    <SignedOutLayout appName={siteConfig().appName} title={message("notFound.title")}>
      <p>{message("notFound.lead")}</p>
      <StandaloneLink href="/">{message("notFound.back")}</StandaloneLink>
    </SignedOutLayout>
  );
}
