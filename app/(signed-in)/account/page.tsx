import type { Metadata } from "next";
import { DefinitionList } from "@/app/_ui/definition-list";
import { Address } from "@/app/markup";
import { Timestamp } from "@/app/timestamps";
import { readProfile } from "@/lib/flows/profile/read-profile";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { listSessions } from "@/lib/flows/sessions/list-sessions";
import { usableMethods } from "@/lib/methods";
import { message } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { AccountLayout } from "./account-layout";
import { ScheduledEmailChange } from "./scheduled-email-change";

const path = "/account";

export const generateMetadata = (): Metadata => ({ title: message("account.title") });

export default async function AccountPage() {
  const [profile, sessions, methods] = await Promise.all([
    readOrRedirect(readProfile, path),
    readOrRedirect(listSessions, path),
    readOrRedirect(listAuthProviders, path),
  ]);
  const current = sessions.find((entry) => entry.current);
  return (
    <AccountLayout path={path} title={message("account.title")}>
      <ScheduledEmailChange path={path} />
      <DefinitionList
        items={[
          {
            term: message("profile.name"),
            value: <a href="/account/profile">{profile.name ?? message("profile.noName")}</a>,
          },
          { term: message("account.email"), value: <Address>{profile.email}</Address> },
          {
            term: message("account.lastSignIn"),
            value: current && <Timestamp at={current.createdAt} />,
          },
          {
            term: message("account.methods"),
            value: (
              <a href="/account/methods">
                {message("account.methodCount", {
                  count: usableMethods(methods, siteConfig().methods).length,
                })}
              </a>
            ),
          },
          {
            term: message("account.sessions"),
            value: (
              <a href="/account/sessions">
                {message("account.deviceCount", { count: sessions.length })}
              </a>
            ),
          },
        ]}
      />
    </AccountLayout>
  );
}
