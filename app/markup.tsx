import type { ReactNode } from "react";
import { displayAddress } from "@/lib/core/display-address";

/** Renders the tags of messages. */

/** An email address, which reads from left to right in every language. */
export const email = (content: ReactNode) => (
  <strong dir="ltr">{typeof content === "string" ? displayAddress(content) : content}</strong>
);

/** What a short label is about, for screen readers, which read it without the row around it. */
export const object = (content: ReactNode) => <span className="visually-hidden">{content}</span>;

export function link(href: string) {
  return function anchor(content: ReactNode) {
    return <a href={href}>{content}</a>;
  };
}
