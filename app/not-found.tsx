import { message } from "@/lib/web/messages";
import { siteConfig } from "@/lib/web/site";
import { SignedOutLayout } from "./_ui/signed-out-layout";

export default function NotFound() {
  return (
    <SignedOutLayout appName={siteConfig().appName} title={message("notFound.title")}>
      <p>{message("notFound.lead")}</p>
      <p>
        <a href="/">{message("notFound.back")}</a>
      </p>
    </SignedOutLayout>
  );
}
