import type { Metadata } from "next";
import { Row, Rows } from "@/app/_ui/rows";
import { Ago, At } from "@/app/when";
import { words } from "@/app/words";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { read } from "@/lib/web/perform";
import { site } from "@/lib/web/site";
import { AccountFrame } from "../frame";

const here = "/account/methods";

export const metadata: Metadata = { title: words.account.methods };

export default async function MethodsPage() {
  const methods = await read(listAuthProviders, here);
  const { methods: usable } = site();
  const has = (wanted: string) => methods.some(({ provider }) => provider === wanted);
  return (
    <AccountFrame here={here} title={words.account.methods}>
      <p>{words.account.methodsLead}</p>
      <Rows>
        {methods.map(({ provider, createdAt, lastUsedAt }) => (
          <Row
            key={provider}
            title={words.account.providers[provider] ?? provider}
            details={[
              <span key="used">
                {words.account.lastUsed} <Ago at={lastUsedAt} />
              </span>,
              <span key="added">
                {words.account.added} <At at={createdAt} />
              </span>,
            ]}
            action={actionFor(provider, usable)}
          />
        ))}
        {usable.includes("magic_link") && !has("magic_link") && (
          <Row
            title={words.account.providers.magic_link!}
            details={[words.account.notUsed]}
            action={<span className="hint">{words.account.alwaysOn}</span>}
          />
        )}
        {usable.includes("password") && !has("email") && (
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
      </Rows>
    </AccountFrame>
  );
}

/** What can be done with a way in; the last one has words instead of a button (A4). */
function actionFor(provider: string, usable: ReturnType<typeof site>["methods"]) {
  const method = provider === "email" ? "password" : "magic_link";
  if (!usable.includes(method)) return <span className="hint">{words.account.switchedOff}</span>;
  if (method === "magic_link") return <span className="hint">{words.account.alwaysOn}</span>;
  return (
    <div className="actions">
      <a className="button button--plain" href="/account/password">
        {words.account.changePassword}
        <span className="hidden"> {words.account.providers.email}</span>
      </a>
      {usable.includes("magic_link") ? (
        <a className="button button--danger" href="/account/password/remove">
          {words.account.removePassword}
          <span className="hidden"> {words.account.providers.email}</span>
        </a>
      ) : (
        <span className="hint">{words.account.lastWayIn}</span>
      )}
    </div>
  );
}
