import type { ReactNode } from "react";

interface DisclosureProps {
  summary: string;
  children: ReactNode;
}

export function Disclosure({ summary, children }: DisclosureProps) {
  return (
    <details>
      <summary>{summary}</summary>
      {children}
    </details>
  );
}
