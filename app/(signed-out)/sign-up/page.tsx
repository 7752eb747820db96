import type { Metadata } from "next";
import { FlashMessage, fieldError, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Checkbox } from "@/app/_ui/checkbox";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { EmailField } from "@/app/email-field";
import { NewPassword } from "@/app/password-fields";
import { readSession } from "@/lib/flows/sessions/read-session";
import { passwordMethod } from "@/lib/methods/password";
import { readFlash } from "@/lib/web/flash";
import { message, messageOf } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { redirectSignedIn, withNext } from "@/lib/web/redirects";
import { safeNext } from "@/lib/web/safe-next";
import { requireMethod, siteConfig } from "@/lib/web/site";
import { initialValues } from "../check-email-page";
import { signUp } from "./actions";

const path = "/sign-up";

export async function generateMetadata(): Promise<Metadata> {
  return {
    title: pageTitle(
      message("signUp.title", { appName: siteConfig().appName }),
      await readFlash(path),
    ),
  };
}

interface Props {
  searchParams: Promise<{ next?: string | string[]; change?: string | string[] }>;
}

export default async function SignUpPage({ searchParams }: Props) {
  requireMethod(passwordMethod.id);
  const query = await searchParams;
  const next = safeNext(query.next);
  const flash = await readFlash(path);
  const session = await readOrRedirect(readSession, path);
  if (session) redirectSignedIn(session, next);
  const { appName, signUp: mode } = siteConfig();
  const values = await initialValues("sign_up", flash, query);
  const signInLink = (
    <StandaloneLink href={withNext("/sign-in", next)}>{message("signUp.signIn")}</StandaloneLink>
  );
  if (mode === "closed")
    return (
      <SignedOutLayout appName={appName} title={message("signUp.closedTitle")} session="">
        <p>{messageOf({ code: "sign_up_closed" })}</p>
        {signInLink}
      </SignedOutLayout>
    );
  return (
    <SignedOutLayout appName={appName} title={message("signUp.title", { appName })} session="">
      <p>{message("signUp.lead")}</p>
      <FlashMessage flash={flash} fields={["email", "password", "confirmPassword"]} />
      <Form action={signUp}>
        <EmailField defaultValue={values.email} error={fieldError(flash, "email")} />
        <NewPassword
          error={fieldError(flash, "password")}
          differ={fieldError(flash, "confirmPassword")}
        />
        <Checkbox name="remember" label={message("signIn.keep")} defaultChecked={values.remember} />
        <input type="hidden" name="next" value={next} />
        <Button variant="primary">{message("signUp.submit")}</Button>
      </Form>
      {signInLink}
    </SignedOutLayout>
  );
}
