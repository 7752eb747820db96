import type { Metadata } from "next";
import { errorFor, titleFor } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { CodeField } from "@/app/_ui/code-field";
import { Form } from "@/app/_ui/form";
import { CurrentPassword } from "@/app/password-fields";
import { UsernameOf } from "@/app/username-field";
import { MailboxHint } from "@/app/mailbox-hint";
import { words } from "@/app/words";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { read } from "@/lib/web/run-for-request";
import { safeNext } from "@/lib/web/redirects";
import { site } from "@/lib/web/site";
import { AccountFrame } from "../account-layout";
import { askForProof, proveByCode, proveByPassword } from "./actions";
import { CancelForm, describeProof } from "./step-up-reason";

const here = "/account/prove";

type Query = Partial<Record<"next" | "for" | "asked", string | string[]>>;

interface Props {
  searchParams: Promise<Query>;
}

const proofFor = (query: Query) => ({
  next: safeNext(query.next),
  waiting: typeof query.for === "string" ? query.for : "",
});

export async function generateMetadata({ searchParams }: Props): Promise<Metadata> {
  const { title } = await describeProof(proofFor(await searchParams));
  return { title: titleFor(title, await readFlash(here)) };
}

/**
 * Step-up: by a password if they have one, or by a link or code by mail. It says what for, and its forms
 * say so too; where that waits no more, there is nothing to prove.
 */
export default async function ProvePage({ searchParams }: Props) {
  const query = await searchParams;
  const { asked } = query;
  const { next, waiting } = proofFor(query);
  const [session, methods, flash, { isLost, title, lead }] = await Promise.all([
    read(readSession, here),
    read(listAuthProviders, here),
    readFlash(here),
    describeProof({ next, waiting }),
  ]);
  if (isLost)
    return (
      <AccountFrame here={here} under="/account/methods" title={title}>
        <p>{words.prove.lost}</p>
        <p>
          <a href={next}>{words.prove.begin}</a>
        </p>
      </AccountFrame>
    );
  const hasPassword =
    site().methods.includes("password") && methods.some(({ provider }) => provider === "email");
  const email = session?.email ?? "";
  const onward = (
    <>
      <input type="hidden" name="next" value={next} />
      {waiting && <input type="hidden" name="for" value={waiting} />}
    </>
  );
  return (
    <AccountFrame here={here} under="/account/methods" title={title}>
      <p>{lead}</p>
      {hasPassword && (
        <Form action={proveByPassword}>
          {onward}
          <UsernameOf address={email} />
          <CurrentPassword
            error={errorFor(flash, "password")}
            autoFocus={!flash.refusal && asked === undefined}
          />
          <Button variant="primary">{words.prove.submit}</Button>
        </Form>
      )}
      {asked !== undefined && (
        <>
          <MailboxHint />
          <Form action={proveByCode}>
            {onward}
            <CodeField
              name="code"
              label={words.check.code}
              hint={words.check.codeHint}
              error={errorFor(flash, "code")}
              autoFocus={!flash.refusal}
            />
            <Button variant={hasPassword ? "plain" : "primary"}>{words.prove.submitCode}</Button>
          </Form>
        </>
      )}
      <Form action={askForProof}>
        {onward}
        <p>
          {words.prove.mailLead[hasPassword || asked !== undefined ? "also" : "only"]}{" "}
          <strong>{email}</strong>
        </p>
        <Button variant={hasPassword || asked !== undefined ? "plain" : "primary"}>
          {words.prove.mail}
        </Button>
      </Form>
      {waiting && <CancelForm waiting={waiting} />}
    </AccountFrame>
  );
}
