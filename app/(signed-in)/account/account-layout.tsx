import type { ReactNode } from "react";
import { FlashMessage } from "@/app/flash-message";
import { Alert } from "@/app/_ui/note";
import { readActiveSession } from "@/lib/web/active-session";
import { readFlash } from "@/lib/web/flash";
import { message } from "@/lib/web/messages";
import { SessionShell } from "../session-shell";

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
    <SessionShell
      session={session}
      label={message("account.nav")}
      pages={[...pages, ...(isStaff ? [staffPages] : [])].map(({ href, text }) => ({
        href,
        text: message(text),
      }))}
      navItem={navItem}
      title={title}
    >
      {session?.staffId && <Alert tone="warn">{message("accessLink.bar")}</Alert>}
      {hasFlash && <FlashMessage flash={await readFlash(path)} fields={fields} />}
      {children}
    </SessionShell>
  );
}
