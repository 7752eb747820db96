import type { Metadata } from "next";
import { fieldError, pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { CodeField } from "@/app/_ui/code-field";
import { Divider } from "@/app/_ui/divider";
import { Form } from "@/app/_ui/form";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { CurrentPassword } from "@/app/password-fields";
import { UsernameField } from "@/app/username-field";
import { MailboxHint } from "@/app/mailbox-hint";
import * as markup from "@/app/markup";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { readSession } from "@/lib/flows/sessions/read-session";
import { methodByStoredName } from "@/lib/methods";
import { readFlash } from "@/lib/web/flash";
import { message, messages, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { safeNext } from "@/lib/web/safe-next";
import { siteConfig } from "@/lib/web/site";
import { AccountLayout } from "../account-layout";
import { submitStepUpRequest, stepUpWithCode, stepUpWithPassword } from "./actions";
import { CancelStepUp, describeStepUp } from "./step-up-reason";

const path = "/account/confirm";

type Query = Partial<Record<"next" | "for" | "asked", string | string[]>>;

interface Props {
  searchParams: Promise<Query>;
}

const target = (query: Query) => ({
  next: safeNext(query.next),
  actionId: typeof query.for === "string" ? query.for : "",
});

export async function generateMetadata({ searchParams }: Props): Promise<Metadata> {
  const { title } = await describeStepUp(target(await searchParams));
  return { title: pageTitle(title, await readFlash(path)) };
}

/**
 * Step-up by password where the user has one, or by an emailed link or code. The page and its forms name
 * the action it is for. When that is not suspended any more, there is nothing to confirm.
 */
export default async function ConfirmPage({ searchParams }: Props) {
  const query = await searchParams;
  const isAsked = query.asked !== undefined;
  const { next, actionId } = target(query);
  const [session, methods, flash, { isLost, title, lead }] = await Promise.all([
    readOrRedirect(readSession, path),
    readOrRedirect(listAuthProviders, path),
    readFlash(path),
    describeStepUp({ next, actionId }),
  ]);
  if (isLost)
    return (
      <AccountLayout path={path} navItem="/account/methods" title={title} hasFlash={false}>
        <p>
          {message("stepUp.expired", {
            lifetime: messages().exactDuration(siteConfig().lifetimes.suspendedAction),
          })}
        </p>
        <StandaloneLink href={next}>{message("stepUp.startAgain")}</StandaloneLink>
      </AccountLayout>
    );
  const hasPassword = methods.some(
    ({ provider, isUsable }) => isUsable && methodByStoredName(provider)?.stepUp === "password",
  );
  const email = session?.email ?? "";
  const hiddenFields = (
    <>
      <input type="hidden" name="next" value={next} />
      {actionId && <input type="hidden" name="for" value={actionId} />}
    </>
  );
  return (
    <AccountLayout
      path={path}
      navItem="/account/methods"
      title={title}
      fields={[...(hasPassword ? ["password"] : []), ...(isAsked ? ["code"] : [])]}
    >
      <p>{lead}</p>
      {isAsked && (
        <>
          <MailboxHint />
          <Form action={stepUpWithCode}>
            {hiddenFields}
            <CodeField
              name="code"
              label={message("checkEmail.code")}
              hint={message("checkEmail.codeHint")}
              error={fieldError(flash, "code")}
              autoFocus={!flash.refusal}
            />
            <Button variant="primary">{message("stepUp.submitCode")}</Button>
          </Form>
          <Divider>{message("common.or")}</Divider>
        </>
      )}
      {hasPassword && (
        <>
          <Form action={stepUpWithPassword}>
            {hiddenFields}
            <UsernameField address={email} />
            <CurrentPassword
              error={fieldError(flash, "password")}
              autoFocus={!flash.refusal && !isAsked}
            />
            <Button variant={isAsked ? "plain" : "primary"}>{message("stepUp.submit")}</Button>
          </Form>
          <Divider>{message("common.or")}</Divider>
        </>
      )}
      <Form action={submitStepUpRequest}>
        {hiddenFields}
        <p>{rich("stepUp.emailTo", { address: email, email: markup.email })}</p>
        <Button variant={hasPassword || isAsked ? "plain" : "primary"}>
          {message("stepUp.email")}
        </Button>
      </Form>
      <CancelStepUp actionId={actionId} next={next} />
    </AccountLayout>
  );
}
