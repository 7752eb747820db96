import { en } from "./en";
import type { Messages, PlainKey } from "./index";

/** An event of the audit log in words; the same words for events of other releases. */
export function eventName(messages: Messages, event: string): string {
  const key = `activity.event.${event}`;
  return messages.anyMessage(isKey(key) ? key : "activity.event.other", {});
}

type EventKey = Extract<PlainKey, `activity.event.${string}`>;
const isKey = (key: string): key is EventKey => Object.hasOwn(en, key);
