import type { Metadata } from "next";
import { pageTitle } from "@/app/flash-message";
import { Alert } from "@/app/_ui/note";
import { Row, Rows } from "@/app/_ui/rows";
import { pendingProvider } from "@/app/pending-identity";
import { RelativeTime, Timestamp } from "@/app/timestamps";
import { words } from "@/app/words";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { oauthProviderIds, oauthProviders } from "@/lib/core/oauth-providers";
import { readFlash } from "@/lib/web/flash";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { AccountLayout } from "../account-layout";
import { MethodActions, ProviderForm } from "./method-actions";
import { connect } from "./actions";

const path = "/account/methods";

export async function generateMetadata(): Promise<Metadata> {
  return { title: pageTitle(words.account.methods, await readFlash(path)) };
}

export default async function MethodsPage() {
  const linkedMethods = await readOrRedirect(listAuthProviders, path);
  const { methods } = siteConfig();
  const needsConfirmation = linkedMethods
    .filter((linkedMethod) => linkedMethod.needsConfirmation)
    .map(({ provider }) => words.account.providers[provider] ?? provider);
  const isMissing = (wanted: string) => !linkedMethods.some(({ provider }) => provider === wanted);
  const pendingId = await pendingProvider();
  // Another one of that provider would have to go first, which is told when one comes for it.
  const canLink = !linkedMethods.some(
    ({ provider, needsConfirmation }) => provider === pendingId && !needsConfirmation,
  );
  const pendingName = pendingId && canLink && oauthProviders[pendingId].name;
  return (
    <AccountLayout path={path} title={words.account.methods}>
      <p>{words.account.methodsLead}</p>
      {pendingName && (
        <Alert tone="info">
          <p>
            {words.connect.waiting(pendingName)}{" "}
            <a href="/account/connect">{words.connect.submit(pendingName)}</a>
          </p>
        </Alert>
      )}
      {needsConfirmation.length > 0 && (
        <Alert tone="warn" title={words.questioned.title(needsConfirmation)}>
          <p>
            {words.questioned.lead(needsConfirmation)}{" "}
            {words.questioned[isMissing("email") ? "devicesAndPassword" : "devices"]}
          </p>
        </Alert>
      )}
      <Rows>
        {linkedMethods.map((linkedMethod) => (
          <Row
            key={linkedMethod.provider}
            title={words.account.providers[linkedMethod.provider] ?? linkedMethod.provider}
            details={[
              ...(linkedMethod.address ? [linkedMethod.address] : []),
              <span key="used">
                {words.account.lastUsed} <RelativeTime at={linkedMethod.lastUsedAt} />
              </span>,
              <span key="added">
                {words.account.added} <Timestamp at={linkedMethod.createdAt} />
              </span>,
              ...(linkedMethod.needsConfirmation ? [words.questioned.state] : []),
            ]}
            action={<MethodActions {...linkedMethod} />}
          />
        ))}
        {methods.includes("magic_link") && isMissing("magic_link") && (
          <Row
            title={words.account.providers.magic_link!}
            details={[words.account.notUsed]}
            action={<span className="hint">{words.account.alwaysOn}</span>}
          />
        )}
        {methods.includes("password") && isMissing("email") && (
          <Row
            title={words.account.providers.email!}
            details={[words.account.notSet]}
            action={
              <a className="button button--plain" href="/account/password">
                {words.account.setPassword}
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
              details={[words.account.notConnected]}
              action={
                <ProviderForm provider={id} action={connect}>
                  {words.account.connect}
                </ProviderForm>
              }
            />
          ))}
      </Rows>
    </AccountLayout>
  );
}
