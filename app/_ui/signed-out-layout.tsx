import type { ReactNode } from "react";
import { Brand } from "./brand";

interface GateProps {
  appName: string;
  title: ReactNode;
  children: ReactNode;
  footer?: ReactNode;
  /** The session's id, or "" for a signed-out user. Without it the script does not watch for changes. */
  session?: string | undefined;
  recheck?: boolean;
  /** The path that the address bar shows instead of the one with the token (L6). */
  hidePath?: string | undefined;
}

export function SignedOutLayout({
  appName,
  title,
  children,
  footer,
  session,
  recheck,
  hidePath,
}: GateProps) {
  return (
    <div
      className="gate"
      data-session={session}
      data-recheck={recheck || undefined}
      data-hide-path={hidePath}
    >
      <header>
        <Brand name={appName} />
      </header>
      <main>
        <h1>{title}</h1>
        {children}
      </main>
      {footer && <footer>{footer}</footer>}
    </div>
  );
}
