import "@/app/account.css";
import type { ReactNode } from "react";
import { FlashMessage } from "@/app/flash-message";
import { AppShell } from "@/app/_ui/app-shell";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { Alert } from "@/app/_ui/note";
import { SideNav } from "@/app/_ui/side-nav";
import { Address } from "@/app/markup";
import { readActiveSession } from "@/lib/web/active-session";
import { readFlash } from "@/lib/web/flash";
import { message } from "@/lib/web/messages";
import { siteConfig } from "@/lib/web/site";
import { submitSignOut } from "./actions";

const pages = [
  { href: "/account", text: "account.navOverview" },
  { href: "/account/profile", text: "profile.title" },
  { href: "/account/methods", text: "methods.title" },
  { href: "/account/sessions", text: "sessions.title" },
  { href: "/account/activity", text: "activity.title" },
  { href: "/account/delete", text: "deleteAccount.nav" },
] as const;

const staffPages = { href: "/admin/users", text: "staff.pill" } as const;

interface Props {
  /** The page's path: signing in returns to it, and its navigation entry is current. */
  readonly path: string;
  /** The navigation entry of a page that has none of its own. */
  readonly navItem?: string;
  readonly title: string;
  /** The fields of the page that show their own error. */
  readonly fields?: readonly string[];
  /** False where a message about an earlier step does not apply any more. */
  readonly hasFlash?: boolean;
  readonly children: ReactNode;
}

/** The layout of the account pages. A component, because a Next layout does not run again on navigation. */
export async function AccountLayout({
  path,
  navItem = path,
  title,
  fields,
  hasFlash = true,
  children,
}: Props) {
  const session = await readActiveSession(path);
  const isStaff = session !== null && session.role !== "member" && !session.staffId;
  return (
    <AppShell
      appName={siteConfig().appName}
      person={<Address>{session?.email}</Address>}
      session={session?.id ?? ""}
      skip={message("account.skip")}
      title={title}
      nav={
        <SideNav
          label={message("account.nav")}
          items={[...pages, ...(isStaff ? [staffPages] : [])].map(({ href, text }) => ({
            href,
            text: message(text),
            current: href === navItem,
          }))}
        />
      }
      signOut={
        <Form action={submitSignOut}>
          <Button variant="quiet">{message("account.signOut")}</Button>
        </Form>
      }
    >
      {session?.staffId && <Alert tone="warn">{message("accessLink.bar")}</Alert>}
      {hasFlash && <FlashMessage flash={await readFlash(path)} fields={fields} />}
      {children}
    </AppShell>
  );
}
