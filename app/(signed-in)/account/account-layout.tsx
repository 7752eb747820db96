import "@/app/account.css";
import type { ReactNode } from "react";
import { FlashMessage } from "@/app/flash-message";
import { AppShell } from "@/app/_ui/app-shell";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { SideNav } from "@/app/_ui/side-nav";
import { words } from "@/app/words";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { siteConfig } from "@/lib/web/site";
import { submitSignOut } from "./actions";

const pages = [
  { href: "/account", text: words.account.short },
  { href: "/account/methods", text: words.account.methods },
  { href: "/account/sessions", text: words.account.sessions },
];

interface Props {
  /** The page's path: where signing in leads back to, and which entry of the list is current. */
  readonly path: string;
  /** The entry that a page without one of its own belongs to. */
  readonly navItem?: string;
  readonly title: string;
  readonly children: ReactNode;
}

/** The frame of the account pages. A component rather than a layout, because layouts do not run again. */
export async function AccountLayout({ path, navItem = path, title, children }: Props) {
  const session = await readOrRedirect(readSession, path);
  return (
    <AppShell
      appName={siteConfig().appName}
      person={session?.email ?? ""}
      session={session?.id ?? ""}
      skip={words.account.skip}
      title={title}
      nav={
        <SideNav
          label={words.account.nav}
          items={pages.map((page) => ({ ...page, current: page.href === navItem }))}
        />
      }
      signOut={
        <Form action={submitSignOut}>
          <Button variant="quiet">{words.account.signOut}</Button>
        </Form>
      }
    >
      <FlashMessage flash={await readFlash(path)} />
      {children}
    </AppShell>
  );
}
