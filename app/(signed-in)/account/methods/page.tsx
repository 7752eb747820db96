import type { Metadata } from "next";
import { pageTitle } from "@/app/flash-message";
import { Alert } from "@/app/_ui/note";
import { Row, Rows } from "@/app/_ui/rows";
import { pendingProvider } from "@/app/pending-identity";
import { link } from "@/app/markup";
import { methodName } from "@/app/method-name";
import { RelativeTime, Timestamp } from "@/app/timestamps";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { oauthProviderIds, oauthProviders } from "@/lib/core/oauth-providers";
import { readFlash } from "@/lib/web/flash";
import { message, messages, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { AccountLayout } from "../account-layout";
import { MethodActions, ProviderForm } from "./method-actions";
import { connect } from "./actions";

const path = "/account/methods";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(message("methods.title"), await readFlash(path)) };
}

export default async function MethodsPage() {
  const linkedMethods = await readOrRedirect(listAuthProviders, path);
  const { methods } = siteConfig();
  const needsConfirmation = linkedMethods
    .filter((linkedMethod) => linkedMethod.needsConfirmation)
    .map(({ provider }) => methodName(provider));
  const isMissing = (wanted: string) => !linkedMethods.some(({ provider }) => provider === wanted);
  const pendingId = await pendingProvider();
  // Another identity of that provider must be disconnected first.
  const canLink = !linkedMethods.some(
    ({ provider, needsConfirmation }) => provider === pendingId && !needsConfirmation,
  );
  const pendingName = pendingId && canLink && oauthProviders[pendingId].name;
  return (
    <AccountLayout path={path} title={message("methods.title")}>
      <p>{message("methods.lead")}</p>
      {pendingName && (
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
              isMissing("email")
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
            title={methodName(linkedMethod.provider)}
            details={[
              ...(linkedMethod.address
                ? [
                    <bdi key="address" dir="ltr">
                      {linkedMethod.address}
                    </bdi>,
                  ]
                : []),
              rich("methods.lastUsed", { when: <RelativeTime at={linkedMethod.lastUsedAt} /> }),
              rich("methods.added", { when: <Timestamp at={linkedMethod.createdAt} /> }),
              ...(linkedMethod.needsConfirmation ? [message("confirmProviders.state")] : []),
            ]}
            action={<MethodActions {...linkedMethod} />}
          />
        ))}
        {methods.includes("magic_link") && isMissing("magic_link") && (
          <Row
            title={message("methods.magic_link")}
            details={[message("methods.notUsed")]}
            action={<span className="hint">{message("methods.alwaysAvailable")}</span>}
          />
        )}
        {methods.includes("password") && isMissing("email") && (
          <Row
            title={message("methods.email")}
            details={[message("methods.notSet")]}
            action={
              <a className="button button--plain" href="/account/password">
                {message("methods.setPassword")}
              </a>
            }
          />
        )}
        {oauthProviderIds
          .filter((id) => methods.includes(id) && isMissing(id))
          .map((id) => (
            <Row
              key={id}
              title={oauthProviders[id].name}
              details={[message("methods.notConnected")]}
              action={<ProviderForm provider={id} action={connect} label="methods.connect" />}
            />
          ))}
      </Rows>
    </AccountLayout>
  );
}
