import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { readSession } from "@/lib/flows/sessions/read-session";
import type { MethodId } from "@/lib/core/method-id";
import { disabledMessage, message } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";

interface Props {
  readonly method: MethodId;
  /** The path that the address bar shows instead of the one with the token (L6). */
  readonly hidePath?: string | undefined;
}

/** What a page shows whose sign-in method was disabled while its link or request was on its way. */
export async function MethodDisabled({ method, hidePath }: Props) {
  const session = await readOrRedirect(readSession, "/sign-in");
  return (
    <SignedOutLayout
      appName={siteConfig().appName}
      title={message("methodDisabled.title")}
      session={session?.id ?? ""}
      {...(hidePath && { hidePath })}
    >
      <p>{disabledMessage(method)}</p>
      {session ? (
        <StandaloneLink href="/account/methods">{message("methodDisabled.methods")}</StandaloneLink>
      ) : (
        <StandaloneLink href="/sign-in">{message("methodDisabled.signIn")}</StandaloneLink>
      )}
    </SignedOutLayout>
  );
}
