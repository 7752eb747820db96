import { createElement, Fragment, isValidElement, type ReactNode } from "react";
import type { MessageKey, Messages, SlotsOf, SlotValue, TagsOf } from "./index";

/** What fills a message with markup: texts may be elements, and each tag says how it is drawn. */
export type RichSlots<Key extends MessageKey> = {
  readonly [Name in keyof SlotsOf<Key>]: SlotsOf<Key>[Name] extends string
    ? string extends SlotsOf<Key>[Name]
      ? ReactNode
      : SlotsOf<Key>[Name]
    : SlotsOf<Key>[Name];
} & { readonly [Tag in TagsOf<Key>]: (content: ReactNode) => ReactNode };

/** A message with markup, as a React node. */
export function richMessage<Key extends MessageKey>(
  messages: Messages,
  key: Key,
  slots: RichSlots<Key>,
): ReactNode {
  const values = Object.entries(slots as Readonly<Record<string, unknown>>).map(([name, value]) => [
    name,
    typeof value === "function"
      ? (chunks: unknown[]) => (value as (content: ReactNode) => ReactNode)(joined(chunks))
      : value,
  ]);
  return joined(messages.parts(key, Object.fromEntries(values) as Record<string, SlotValue>));
}

/** Parts side by side, without keys; texts that meet become one. */
function joined(parts: readonly unknown[]): ReactNode {
  const nodes: ReactNode[] = [];
  for (const part of parts) {
    const last = nodes.at(-1);
    const node = isValidElement(part) ? part : String(part);
    if (typeof node === "string" && typeof last === "string") nodes[nodes.length - 1] = last + node;
    else nodes.push(node);
  }
  return nodes.length === 1 ? nodes[0] : createElement(Fragment, null, ...nodes);
}
