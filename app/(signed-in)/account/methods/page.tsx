import type { Metadata } from "next";
import { Row, Rows } from "@/app/_ui/rows";
import { Ago, At } from "@/app/when";
import { words } from "@/app/words";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { read } from "@/lib/web/perform";
import { AccountFrame } from "../frame";

const here = "/account/methods";

export const metadata: Metadata = { title: words.account.methods };

export default async function MethodsPage() {
  const methods = await read(listAuthProviders, here);
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
            action={<span className="hint">{words.account.lastWayIn}</span>}
          />
        ))}
      </Rows>
    </AccountFrame>
  );
}
