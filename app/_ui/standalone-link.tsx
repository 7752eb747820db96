import type { ReactNode } from "react";

/** A link that stands alone, as large as a button to the finger. */
export function StandaloneLink({ href, children }: { href: string; children: ReactNode }) {
  return (
    <p className="standalone">
      <a href={href}>{children}</a>
    </p>
  );
}
