import type { Metadata } from "next";
import { FlashMessage, fieldError, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Checkbox } from "@/app/_ui/checkbox";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { EmailField } from "@/app/email-field";
import { CurrentPassword } from "@/app/password-fields";
import { readSession } from "@/lib/flows/sessions/read-session";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { passwordMethod } from "@/lib/methods/password";
import { readFlash } from "@/lib/web/flash";
import { message } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { redirectSignedIn, withNext } from "@/lib/web/redirects";
import { safeNext } from "@/lib/web/safe-next";
import { requireMethod, siteConfig } from "@/lib/web/site";
import { ForgotPassword } from "../../password/forgot-password";
import { submitLinkRequest, signInByPassword } from "../actions";

const path = "/sign-in/password";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(message("signInWithPassword.title"), await readFlash(path)) };
}

interface Props {
  searchParams: Promise<{ next?: string | string[] }>;
}

export default async function PasswordPage({ searchParams }: Props) {
  requireMethod(passwordMethod.id);
  const next = safeNext((await searchParams).next);
  const flash = await readFlash(path);
  const session = await readOrRedirect(readSession, path);
  if (session) redirectSignedIn(session, next);
  const { appName, signUp, methods } = siteConfig();
  return (
    <SignedOutLayout appName={appName} title={message("signInWithPassword.title")} session="">
      <FlashMessage flash={flash} fields={["email", "password"]} />
      <Form action={signInByPassword}>
        <EmailField defaultValue={flash.email} error={fieldError(flash, "email")} />
        <CurrentPassword
          error={fieldError(flash, "password")}
          autoFocus={!flash.refusal && flash.email !== ""}
        />
        <Checkbox name="remember" label={message("signIn.keep")} defaultChecked={flash.remember} />
        <input type="hidden" name="next" value={next} />
        <Button variant="primary">{message("signInWithPassword.submit")}</Button>
        {methods.includes(magicLinkMethod.id) && (
          <Button formAction={submitLinkRequest}>{message("signInWithPassword.emailLink")}</Button>
        )}
        <ForgotPassword />
      </Form>
      {signUp === "open" && (
        <StandaloneLink href={withNext("/sign-up", next)}>
          {message("signInWithPassword.signUp")}
        </StandaloneLink>
      )}
    </SignedOutLayout>
  );
}
