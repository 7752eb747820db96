import type { Metadata } from "next";
import { pageTitle } from "@/app/flash-message";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Alert } from "@/app/_ui/note";
import { Row, Rows } from "@/app/_ui/rows";
import { pendingProvider } from "@/app/pending-identity";
import { Address, link } from "@/app/markup";
import { piecesOf, piecesOfStored } from "@/app/_methods";
import { RelativeTime, Timestamp } from "@/app/timestamps";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { readMethodsLock } from "@/lib/flows/account/read-methods-lock";
import { isMethodId, methodByStoredName, methods, oauthMethod } from "@/lib/methods";
import { passwordMethod } from "@/lib/methods/password";
import { readActiveSession } from "@/lib/web/active-session";
import { readFlash } from "@/lib/web/flash";
import { disabledMessage, message, messages, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { AccountLayout } from "../account-layout";
import { submitUnlock } from "./actions";

const path = "/account/methods";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(message("methods.title"), await readFlash(path)) };
}

interface Props {
  searchParams: Promise<{ disabled?: string | string[] }>;
}

export default async function MethodsPage({ searchParams }: Props) {
  const { disabled } = await searchParams;
  const linkedMethods = await readOrRedirect(listAuthProviders, path);
  const lock = await readOrRedirect(readMethodsLock, path);
  const session = await readActiveSession(path);
  // A session from an access link changes no method, so it sees no button that is only refused.
  const isReadOnly = lock.until !== null || Boolean(session?.staffId);
  const enabled = siteConfig().methods;
  const isEnabled = (provider: string) =>
    enabled.some((id) => id === methodByStoredName(provider)?.id);
  const needsConfirmation = linkedMethods
    .filter((linkedMethod) => linkedMethod.needsConfirmation && isEnabled(linkedMethod.provider))
    .map(({ provider }) => piecesOfStored(provider).name());
  const isMissing = (wanted: string) => !linkedMethods.some(({ provider }) => provider === wanted);
  const pendingId = await pendingProvider();
  // Another identity of that provider must be disconnected first.
  const canLink = !linkedMethods.some(
    ({ provider, needsConfirmation }) => provider === pendingId && !needsConfirmation,
  );
  const pendingName = pendingId && canLink && oauthMethod(pendingId).oauth.name;
  return (
    <AccountLayout path={path} title={message("methods.title")}>
      <p>{message("methods.lead")}</p>
      {isMethodId(disabled) && !enabled.includes(disabled) && (
        <Alert tone="info">{disabledMessage(disabled)}</Alert>
      )}
      {lock.until && (
        <Alert tone="warn" title={message("methods.lockedTitle")}>
          <p>
            {enabled.includes(passwordMethod.id)
              ? rich("methods.locked", {
                  until: <Timestamp at={lock.until} />,
                  link: link("/password"),
                })
              : rich("methods.lockedNoPassword", { until: <Timestamp at={lock.until} /> })}
          </p>
          {lock.canUnlock ? (
            <Form action={submitUnlock}>
              <Button>{message("methods.unlock")}</Button>
            </Form>
          ) : (
            <p>{message("methods.unlockElsewhere")}</p>
          )}
        </Alert>
      )}
      {pendingName && !isReadOnly && (
        <Alert tone="info">
          <p>
            {rich("connect.pending", { provider: pendingName, link: link("/account/connect") })}
          </p>
        </Alert>
      )}
      {needsConfirmation.length > 0 && (
        <Alert
          tone="warn"
          title={message("confirmProviders.title", {
            providers: messages().list(needsConfirmation, "disjunction"),
          })}
        >
          <p>
            {message("confirmProviders.lead", {
              count: needsConfirmation.length,
              providers: messages().list(needsConfirmation, "conjunction"),
            })}
          </p>
          <p>
            {message(
              isMissing(passwordMethod.storedName)
                ? "confirmProviders.devicesAndPassword"
                : "confirmProviders.devices",
            )}
          </p>
        </Alert>
      )}
      <Rows>
        {linkedMethods.map((linkedMethod) => (
          <Row
            key={linkedMethod.provider}
            title={piecesOfStored(linkedMethod.provider).name()}
            details={[
              ...(linkedMethod.address
                ? [<Address key="address">{linkedMethod.address}</Address>]
                : []),
              linkedMethod.lastUsedAt
                ? rich("methods.lastUsed", { when: <RelativeTime at={linkedMethod.lastUsedAt} /> })
                : message("methods.notUsed"),
              rich("methods.added", { when: <Timestamp at={linkedMethod.createdAt} /> }),
              ...(linkedMethod.needsConfirmation && isEnabled(linkedMethod.provider)
                ? [message("confirmProviders.state")]
                : []),
            ]}
            action={
              !isReadOnly &&
              piecesOfStored(linkedMethod.provider).actions({
                ...linkedMethod,
                isEnabled: isEnabled(linkedMethod.provider),
              })
            }
          />
        ))}
        {methods()
          .filter(({ id, storedName }) => enabled.includes(id) && isMissing(storedName))
          .map((method) => {
            const { name, missing } = piecesOf(method);
            const { state, action } = missing();
            return (
              <Row
                key={method.id}
                title={name()}
                details={[state]}
                action={!isReadOnly && action}
              />
            );
          })}
      </Rows>
    </AccountLayout>
  );
}
