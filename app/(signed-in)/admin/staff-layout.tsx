import type { ReactNode } from "react";
import { FlashMessage } from "@/app/flash-message";
import { readSession } from "@/lib/flows/sessions/read-session";
import { readFlash } from "@/lib/web/flash";
import { message } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { SessionShell } from "../session-shell";

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
    <SessionShell
      session={session}
      label={message("staff.nav")}
      pages={pages.map(({ href, text }) => ({ href, text: message(text) }))}
      navItem={navItem}
      pill={message("staff.pill")}
      title={title}
    >
      <FlashMessage flash={await readFlash(path)} fields={fields} />
      {children}
    </SessionShell>
  );
}
