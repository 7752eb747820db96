import type { Metadata } from "next";
import { FlashMessage, fieldError, pageTitle } from "@/app/flash-message";
import { Divider } from "@/app/_ui/divider";
import { SignedOutLayout } from "@/app/_ui/signed-out-layout";
import { Alert } from "@/app/_ui/note";
import { readSession } from "@/lib/flows/sessions/read-session";
import { type Flash, readFlash } from "@/lib/web/flash";
import { isMethodId, isOAuthMethodId } from "@/lib/methods";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { passwordMethod } from "@/lib/methods/password";
import { lastMethod } from "@/lib/web/last-method";
import { link } from "@/app/markup";
import { disabledMessage, message, rich } from "@/lib/web/messages";
import { acceptsCookies, hasSessionCookie } from "@/lib/web/request";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { redirectSignedIn, withNext } from "@/lib/web/redirects";
import { safeNext } from "@/lib/web/safe-next";
import { siteConfig } from "@/lib/web/site";
import { initialValues } from "../check-email-page";
import { AddressForm } from "./address-form";
import { ProviderForms } from "./provider-forms";

const path = "/sign-in";

interface Props {
  searchParams: Promise<{
    next?: string | string[];
    note?: string | string[];
    change?: string | string[];
    disabled?: string | string[];
  }>;
}

export async function generateMetadata({ searchParams }: Props): Promise<Metadata> {
  const title = message("signIn.title", { appName: siteConfig().appName });
  return { title: pageTitle(title, await flashOrBlockedCookies((await searchParams).note)) };
}

/**
 * The message for this page. A browser that accepts no cookies gets it by the address, which is believed
 * only as long as this request has no cookie either.
 */
async function flashOrBlockedCookies(note: unknown): Promise<Flash> {
  const flash = await readFlash(path);
  const isBlocked = note === "cookies_blocked" && !(await acceptsCookies());
  return isBlocked ? { ...flash, refusal: { code: "cookies_blocked" } } : flash;
}

export default async function SignInPage({ searchParams }: Props) {
  const { next, note, change, disabled } = await searchParams;
  const flash = await flashOrBlockedCookies(note);
  const session = await readOrRedirect(readSession, path);
  if (session) redirectSignedIn(session, safeNext(next));
  const { appName, signUp, methods } = siteConfig();
  const byLink = methods.includes(magicLinkMethod.id);
  const byPassword = methods.includes(passwordMethod.id);
  const hiddenFields = safeNext(next);
  // This page deletes the cookie of a session that has ended, so a bookmark does not say it again.
  const hasEnded = note === "session_ended" && (await hasSessionCookie());
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
      <ProviderForms key="providers" next={hiddenFields} last={last} remember={values.remember} />
    ),
  ].filter(Boolean);
  if (isOAuthMethodId(last)) sections.reverse();
  return (
    <SignedOutLayout appName={appName} title={message("signIn.title", { appName })} session="">
      <p>{lead}</p>
      <FlashMessage flash={flash} fields={hasAddressForm ? ["email"] : []} />
      {!flash.refusal && hasEnded && <Alert tone="info">{message("note.session_ended")}</Alert>}
      {!flash.refusal && isMethodId(disabled) && !methods.includes(disabled) && (
        <Alert tone="info">{disabledMessage(disabled)}</Alert>
      )}
      {sections[0]}
      {sections[1] && <Divider>{message("common.or")}</Divider>}
      {sections[1]}
    </SignedOutLayout>
  );
}
