import { siteConfig } from "@/lib/web/site";
import { SignedOutLayout } from "./_ui/signed-out-layout";
import { words } from "./words";

export default function NotFound() {
  return (
    <SignedOutLayout appName={siteConfig().appName} title={words.notFound.title}>
      <p>{words.notFound.lead}</p>
      <p>
        <a href="/">{words.notFound.back}</a>
      </p>
    </SignedOutLayout>
  );
}
