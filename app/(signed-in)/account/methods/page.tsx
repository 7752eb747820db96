import type { Metadata } from "next";
import { titleFor } from "@/app/flash-message";
import { Note } from "@/app/_ui/note";
import { Row, Rows } from "@/app/_ui/rows";
import { providerWaiting } from "@/app/pending-identity";
import { Ago, At } from "@/app/timestamps";
import { words } from "@/app/words";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { oauthProviderIds, oauthProviders } from "@/lib/core/oauth-providers";
import { readFlash } from "@/lib/web/flash";
import { read } from "@/lib/web/run-for-request";
import { site } from "@/lib/web/site";
import { AccountFrame } from "../account-layout";
import { Actions, ProviderForm } from "./method-actions";
import { connect } from "./actions";

const here = "/account/methods";

export async function generateMetadata(): Promise<Metadata> {
  return { title: titleFor(words.account.methods, await readFlash(here)) };
}

export default async function MethodsPage() {
  const ways = await read(listAuthProviders, here);
  const { methods } = site();
  const questioned = ways
    .filter((way) => way.questioned)
    .map(({ provider }) => words.account.providers[provider] ?? provider);
  const lacks = (wanted: string) => !ways.some(({ provider }) => provider === wanted);
  const back = await providerWaiting();
  // Another one of that provider would have to go first, which is told when one comes for it.
  const isFree = !ways.some(({ provider, questioned }) => provider === back && !questioned);
  const waiting = back && isFree && oauthProviders[back].name;
  return (
    <AccountFrame here={here} title={words.account.methods}>
      <p>{words.account.methodsLead}</p>
      {waiting && (
        <Note tone="info">
          <p>
            {words.connect.waiting(waiting)}{" "}
            <a href="/account/connect">{words.connect.submit(waiting)}</a>
          </p>
        </Note>
      )}
      {questioned.length > 0 && (
        <Note tone="warn" title={words.questioned.title(questioned)}>
          <p>
            {words.questioned.lead(questioned)}{" "}
            {words.questioned[lacks("email") ? "devicesAndPassword" : "devices"]}
          </p>
        </Note>
      )}
      <Rows>
        {ways.map((way) => (
          <Row
            key={way.provider}
            title={words.account.providers[way.provider] ?? way.provider}
            details={[
              ...(way.address ? [way.address] : []),
              <span key="used">
                {words.account.lastUsed} <Ago at={way.lastUsedAt} />
              </span>,
              <span key="added">
                {words.account.added} <At at={way.createdAt} />
              </span>,
              ...(way.questioned ? [words.questioned.state] : []),
            ]}
            action={<Actions {...way} />}
          />
        ))}
        {methods.includes("magic_link") && lacks("magic_link") && (
          <Row
            title={words.account.providers.magic_link!}
            details={[words.account.notUsed]}
            action={<span className="hint">{words.account.alwaysOn}</span>}
          />
        )}
        {methods.includes("password") && lacks("email") && (
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
          .filter((id) => methods.includes(id) && lacks(id))
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
    </AccountFrame>
  );
}
