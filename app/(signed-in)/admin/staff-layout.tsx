import "@/app/account.css";
import type { ReactNode } from "react";
import { submitSignOut } from "@/app/(signed-in)/account/actions";
import { AppShell } from "@/app/_ui/app-shell";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { SideNav } from "@/app/_ui/side-nav";
import { FlashMessage } from "@/app/flash-message";
import { Address } from "@/app/markup";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { message } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";

const pages = [
  { href: "/admin/users", text: "users.title" },
  { href: "/admin/sign-ups", text: "pendingSignUps.nav" },
  { href: "/admin/invitations", text: "invitations.title" },
  { href: "/admin/mail", text: "mail.title" },
  { href: "/admin/system", text: "system.title" },
  { href: "/admin/audit", text: "audit.title" },
  { href: "/account", text: "staff.account" },
] as const;

interface Props {
  /** The page's path, on which its messages are shown. */
  readonly path: string;
  readonly navItem: (typeof pages)[number]["href"];
  readonly title: ReactNode;
  /** The fields of the page that show their own error. */
  readonly fields?: readonly string[];
  readonly children: ReactNode;
}

/**
 * The layout of the pages for staff. It decides nothing: the flow that each page reads by does not exist for
 * others, so that they get "not found".
 */
export async function StaffLayout({ path, navItem, title, fields, children }: Props) {
  const session = await readOrRedirect(readSession, path);
  return (
    <AppShell
      appName={siteConfig().appName}
      pill={message("staff.pill")}
      person={<Address>{session?.email}</Address>}
      session={session?.id ?? ""}
      skip={message("account.skip")}
      title={title}
      nav={
        <SideNav
          label={message("staff.nav")}
          items={pages.map(({ href, text }) => ({
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
      <FlashMessage flash={await readFlash(path)} fields={fields} />
      {children}
    </AppShell>
  );
}
