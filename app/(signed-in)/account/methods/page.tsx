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
  const canRemove = usable.includes("magic_link");
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
            action={
              provider === "email" ? (
                <Actions canRemove={canRemove} />
              ) : (
                <span className="hint">{words.account.alwaysOn}</span>
              )
            }
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

/** What can be done with a password; the last way in has words instead of a button (A4). */
function Actions({ canRemove }: { canRemove: boolean }) {
  return (
    <div className="actions">
      <a className="button button--plain" href="/account/password">
        {words.account.changePassword}
        <span className="hidden"> {words.account.providers.email}</span>
      </a>
      {canRemove ? (
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
