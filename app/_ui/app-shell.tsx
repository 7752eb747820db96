import type { ReactNode } from "react";
import { Badge } from "./badge";
import { Brand } from "./brand";

interface AppShellProps {
  appName: string;
  person: ReactNode;
  skip: string;
  signOut: ReactNode;
  nav: ReactNode;
  title: ReactNode;
  children: ReactNode;
  session: string;
  /** Beside the name of the app: whose pages these are. */
  pill?: string | undefined;
}

export function AppShell({
  appName,
  person,
  skip,
  signOut,
  nav,
  title,
  children,
  session,
  pill,
}: AppShellProps) {
  return (
    <div className="app" data-session={session} data-recheck>
      <a className="skip" href="#main">
        {skip}
      </a>
      <header>
        {pill ? (
          <div className="branded">
            <Brand name={appName} /> <Badge tone="warn">{pill}</Badge>
          </div>
        ) : (
          <Brand name={appName} />
        )}
        <p>{person}</p>
        {signOut}
      </header>
      {nav}
      <main id="main" tabIndex={-1}>
        <h1>{title}</h1>
        {children}
      </main>
    </div>
  );
}
