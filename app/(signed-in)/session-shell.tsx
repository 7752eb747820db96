import "@/app/account.css";
import type { ReactNode } from "react";
import { AppShell } from "@/app/_ui/app-shell";
import { Button } from "@/app/_ui/button";
import { Form } from "@/app/_ui/form";
import { SideNav } from "@/app/_ui/side-nav";
import { Address } from "@/app/markup";
import { message } from "@/lib/web/messages";
import { siteConfig } from "@/lib/web/site";
import { submitSignOut } from "./account/actions";

interface Props {
  readonly session: { readonly id: string; readonly email: string } | null;
  /** What the navigation is called. */
  readonly label: string;
  readonly pages: readonly { readonly href: string; readonly text: string }[];
  /** The path of the current entry. */
  readonly navItem: string;
  readonly pill?: string;
  readonly title: ReactNode;
  readonly children: ReactNode;
}

/** The frame of the pages for who is signed in: who that is, the navigation, and the way out. */
export const SessionShell = ({ session, label, pages, navItem, pill, title, children }: Props) => (
  <AppShell
    appName={siteConfig().appName}
    pill={pill}
    person={<Address>{session?.email}</Address>}
    session={session?.id ?? ""}
    skip={message("account.skip")}
    title={title}
    nav={
      <SideNav
        label={label}
        items={pages.map((page) => ({ ...page, current: page.href === navItem }))}
      />
    }
    signOut={
      <Form action={submitSignOut}>
        <Button variant="quiet">{message("account.signOut")}</Button>
      </Form>
    }
  >
    {children}
  </AppShell>
);
