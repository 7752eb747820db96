import type { ReactNode } from "react";
import { displayAddress } from "@/lib/core/display-address";

/** Renders the tags of messages. */

/** An email address, which reads from left to right in every language. */
export function email(content: ReactNode) {
  const address = typeof content === "string" ? displayAddress(content) : content;
  return (
    <strong dir="ltr" className={isLong(address) ? undefined : "unbroken"}>
      {withBreaks(address)}
    </strong>
  );
}

/** The same without emphasis, also for an IP address. */
export function Address({ children = "" }: { children: string | undefined }) {
  const address = displayAddress(children);
  return (
    <bdi dir="ltr" className={isLong(address) ? undefined : "unbroken"}>
      {withBreaks(address)}
    </bdi>
  );
}

/** The same as a heading, whose letters are larger: it may always break. */
export function AddressHeading({ children }: { children: string }) {
  return <bdi dir="ltr">{brokenIntoParts(displayAddress(children))}</bdi>;
}

/** An address that may not fit into a line of the narrowest page. */
const longAddress = /[^\s@:]*[@:]\S*/g;
/** Of a page of 320 px, 288 px are left for a line; 24 letters in bold take up to about 270 px. */
const longerThan = 24;

const isLong = (content: ReactNode) =>
  typeof content === "string" &&
  [...content.matchAll(longAddress)].some(([address]) => address.length > longerThan);

/** Text in which a long address breaks after its "@", dots and colons, before it breaks elsewhere. */
export function withBreaks(content: ReactNode): ReactNode {
  if (typeof content !== "string" || !isLong(content)) return content;
  return content.split(/(?<=\s)|(?=\s)/).map((word, at) =>
    isLong(word) ? (
      <bdi key={at} dir="ltr">
        {brokenIntoParts(word)}
      </bdi>
    ) : (
      word
    ),
  );
}

const brokenIntoParts = (word: string) =>
  word.split(/(?<=[@.:])(?=.)/).map((part, n, { length }) =>
    n + 1 === length && part.length > longerThan ? (
      part
    ) : (
      <span key={n} className="unbroken">
        {part}
      </span>
    ),
  );

/** What a short label is about, for screen readers, which read it without the row around it. */
export const object = (content: ReactNode) => <span className="visually-hidden">{content}</span>;

export function link(href: string) {
  return function anchor(content: ReactNode) {
    return <a href={href}>{content}</a>;
  };
}
