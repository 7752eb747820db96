import type { Metadata } from "next";
import { AnswerNote, errorFor, titleFor } from "@/app/flash-message";
import { Divider } from "@/app/_ui/divider";
import { Gate } from "@/app/_ui/signed-out-layout";
import { Note } from "@/app/_ui/note";
import { words } from "@/app/words";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { isOAuthProvider } from "@/lib/core/oauth-providers";
import { lastMethod } from "@/lib/web/last-method";
import { read } from "@/lib/web/run-for-request";
import { goOn, safeNext, withNext } from "@/lib/web/redirects";
import { site } from "@/lib/web/site";
import { AddressForm } from "./address-form";
import { ProviderForms } from "./provider-forms";

const here = "/sign-in";

export async function generateMetadata(): Promise<Metadata> {
  return { title: titleFor(words.signIn.title(site().appName), await readFlash(here)) };
}

interface Props {
  searchParams: Promise<{ next?: string | string[]; note?: string | string[] }>;
}

export default async function SignInPage({ searchParams }: Props) {
  const { next, note } = await searchParams;
  const flash = await readFlash(here);
  if (await read(readSession, here)) goOn(safeNext(next));
  const { appName, signUp, methods } = site();
  const [byLink, byPassword] = [methods.includes("magic_link"), methods.includes("password")];
  const onward = safeNext(next);
  const last = await lastMethod();
  const sections = [
    (byLink || byPassword) && (
      <AddressForm
        key="address"
        error={errorFor(flash, "email")}
        address={flash.email}
        next={onward}
        last={last}
      />
    ),
    methods.some(isOAuthProvider) && <ProviderForms key="providers" next={onward} last={last} />,
  ].filter(Boolean);
  if (isOAuthProvider(last)) sections.reverse();
  return (
    <Gate appName={appName} title={words.signIn.title(appName)} session="">
      <p>{byLink || !byPassword ? words.signIn.lead[signUp] : words.signIn.passwordOnly}</p>
      <AnswerNote flash={flash} />
      {!flash.refusal && (note === "session_ended" || note === "cookies_blocked") && (
        <Note tone="info">{words.notes[note]}</Note>
      )}
      {sections[0]}
      {sections[1] && <Divider>{words.or}</Divider>}
      {sections[1]}
      {byPassword && signUp === "open" && (
        <p>
          <a href={withNext("/sign-up", onward)}>{words.signIn.signUp}</a>
        </p>
      )}
    </Gate>
  );
}
