import type { Metadata } from "next";
import { FlashMessage, fieldError, pageTitle } from "@/app/flash-message";
import { Divider } from "@/app/_ui/divider";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { Alert } from "@/app/_ui/note";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { isOAuthMethodId } from "@/lib/methods";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { passwordMethod } from "@/lib/methods/password";
import { lastMethod } from "@/lib/web/last-method";
import { link } from "@/app/markup";
import { message, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { redirectToNext, withNext } from "@/lib/web/redirects";
import { safeNext } from "@/lib/web/safe-next";
import { siteConfig } from "@/lib/web/site";
import { initialValues } from "../check-email-page";
import { AddressForm } from "./address-form";
import { ProviderForms } from "./provider-forms";

const path = "/sign-in";

export async function generateMetadata(): Promise<Metadata> {
  return {
    title: pageTitle(
      message("signIn.title", { appName: siteConfig().appName }),
      await readFlash(path),
    ),
  };
}

interface Props {
  searchParams: Promise<{
    next?: string | string[];
    note?: string | string[];
    change?: string | string[];
  }>;
}

export default async function SignInPage({ searchParams }: Props) {
  const { next, note, change } = await searchParams;
  const flash = await readFlash(path);
  if (await readOrRedirect(readSession, path)) redirectToNext(safeNext(next));
  const { appName, signUp, methods } = siteConfig();
  const byLink = methods.includes(magicLinkMethod.id);
  const byPassword = methods.includes(passwordMethod.id);
  const hiddenFields = safeNext(next);
  const last = await lastMethod();
  const values = await initialValues("magic_link", flash, { change });
  const signUpLink = { link: link(withNext("/sign-up", hiddenFields)) };
  // One sentence for people without an account: what creates one here.
  const lead =
    signUp === "closed"
      ? message(byLink || !byPassword ? "signIn.lead.closed" : "signIn.lead.passwordOnly")
      : !byPassword
        ? message("signIn.lead.open")
        : rich(byLink ? "signIn.lead.openOrPassword" : "signIn.lead.openPassword", signUpLink);
  const hasAddressForm = methods.some((id) => !isOAuthMethodId(id));
  const sections = [
    hasAddressForm && (
      <AddressForm
        key="address"
        error={fieldError(flash, "email")}
        address={values.email}
        remember={values.remember}
        next={hiddenFields}
        last={last}
      />
    ),
    methods.some(isOAuthMethodId) && (
      <ProviderForms key="providers" next={hiddenFields} last={last} />
    ),
  ].filter(Boolean);
  if (isOAuthMethodId(last)) sections.reverse();
  return (
    <SignedOutLayout appName={appName} title={message("signIn.title", { appName })} session="">
      <p>{lead}</p>
      <FlashMessage flash={flash} fields={hasAddressForm ? ["email"] : []} />
      {!flash.refusal && (note === "session_ended" || note === "cookies_blocked") && (
        <Alert tone="info">{message(`note.${note}`)}</Alert>
      )}
      {sections[0]}
      {sections[1] && <Divider>{message("common.or")}</Divider>}
      {sections[1]}
    </SignedOutLayout>
  );
}
