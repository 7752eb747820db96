import type { ReactNode } from "react";

interface StandaloneLinkProps {
  href: string;
  /** The name of the file that it leads to. */
  download?: string;
  children: ReactNode;
}

/** A link that stands alone, as large as a button to the finger. */
export function StandaloneLink({ href, download, children }: StandaloneLinkProps) {
  return (
    <p className="standalone">
      <a href={href} download={download}>
        {children}
      </a>
    </p>
  );
}
