import type { ReactNode } from "react";

interface NoteProps {
  tone: "info" | "warn" | "danger" | "ok";
  title?: string;
  children?: ReactNode;
  /** The error of a failed form: it takes the focus and links to the field. */
  summary?: boolean;
}

export function Alert({ tone, title, children, summary }: NoteProps) {
  const focus = summary && { tabIndex: -1, role: "alert", autoFocus: true };
  return (
    <div className={`note tone--${tone}`} {...focus}>
      {title && <p className="note__title">{title}</p>}
      {children}
    </div>
  );
}
