import type { ReactNode } from "react";
import { Brand } from "./brand";

interface GateProps {
  appName: string;
  title: ReactNode;
  children: ReactNode;
  footer?: ReactNode;
  /** "" where nobody is signed in; without it the script leaves the page alone. */
  session?: string | undefined;
  recheck?: boolean;
  /** The path the address bar shows instead of the token's. */
  hidePath?: string;
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
