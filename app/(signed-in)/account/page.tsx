import type { Metadata } from "next";
import { DefinitionList } from "@/app/_ui/definition-list";
import { Timestamp } from "@/app/timestamps";
import { words } from "@/app/words";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { listSessions } from "@/lib/flows/sessions/list-sessions";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { AccountLayout } from "./account-layout";

const path = "/account";

export const metadata: Metadata = { title: words.account.overview };

export default async function AccountPage() {
  const [session, sessions, methods] = await Promise.all([
    readOrRedirect(readSession, path),
    readOrRedirect(listSessions, path),
    readOrRedirect(listAuthProviders, path),
  ]);
  const current = sessions.find((entry) => entry.current);
  return (
    <AccountLayout path={path} title={words.account.overview}>
      <DefinitionList
        items={[
          { term: words.account.email, value: session?.email },
          {
            term: words.account.lastSignIn,
            value: current && <Timestamp at={current.createdAt} />,
          },
          {
            term: words.account.methods,
            value: <a href="/account/methods">{words.account.methodCount(methods.length)}</a>,
          },
          {
            term: words.account.devices,
            value: <a href="/account/sessions">{words.account.deviceCount(sessions.length)}</a>,
          },
        ]}
      />
    </AccountLayout>
  );
}
