import type { MethodId } from "@/lib/core/method-id";
import { getWorld } from "@/lib/runtime/world";
import type { Refusal } from "@/lib/core/result";
import {
  type MessageKey,
  type Messages,
  messagesIn,
  type PlainKey,
  type SlotArguments,
} from "@/messages";
import { deviceName as deviceNameIn } from "@/messages/device";
import { eventName as eventNameIn } from "@/messages/event";
import {
  disabledMessage as disabledMessageIn,
  messageOf as messageOfIn,
  providerName,
} from "@/messages/refusal-message";
import { richMessage, type RichSlots } from "@/messages/rich";
import type { NoteCode } from "./flash";

/** The catalogue in the language of this installation. */
export const messages = (): Messages => messagesIn(getWorld().env.locale);

export const message = <Key extends PlainKey>(key: Key, ...slots: SlotArguments<Key>): string =>
  messages().message(key, ...slots);

/** A message with markup. */
export const rich = <Key extends MessageKey>(key: Key, slots: RichSlots<Key>) =>
  richMessage(messages(), key, slots);

/** A refusal as people read it. */
export const messageOf = (refusal: Refusal): string =>
  messageOfIn(messages(), refusal, getWorld().env.methods);

/** Says that a sign-in method is disabled. */
export const disabledMessage = (method: MethodId): string => disabledMessageIn(messages(), method);

/** What a page says after an action that succeeded, or was cancelled. */
export const noteOf = (note: NoteCode, provider: MethodId | undefined): string =>
  messages().anyMessage(`note.${note}`, { provider: providerName(messages(), provider) });

/** A stored device in words. */
export const deviceName = (stored: string, place: "heading" | "sentence"): string =>
  deviceNameIn(messages(), stored, place);

/** An event of the audit log in words. */
export const eventName = (event: string): string => eventNameIn(messages(), event);
