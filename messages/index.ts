import { IntlMessageFormat } from "intl-messageformat";
import { type Duration, exactly, inWords } from "@/lib/core/duration";
import type { Locale } from "@/lib/core/env";
import { en } from "./en";
import { pseudoLanguages, pseudoMessage } from "./pseudo";
import type { Slots, Tags } from "./slots";

type Catalogue = typeof en;
export type MessageKey = keyof Catalogue;

/** Keys of messages without markup. */
export type PlainKey = {
  [Key in MessageKey]: Tags<Catalogue[Key]> extends never ? Key : never;
}[MessageKey];

export type SlotsOf<Key extends MessageKey> = Slots<Catalogue[Key]>;
export type TagsOf<Key extends MessageKey> = Tags<Catalogue[Key]>;

/** The second argument of `message`; a message without slots has none. */
export type SlotArguments<Key extends PlainKey> = keyof SlotsOf<Key> extends never
  ? []
  : [slots: SlotsOf<Key>];

/** Every slot that some of these messages have, for a message known only as one of several. */
export type AllSlotsOf<Key extends MessageKey> = Intersection<EachSlots<Key>>;
type EachSlots<Key extends MessageKey> = Key extends MessageKey ? SlotsOf<Key> : never;
type Intersection<T> = (T extends unknown ? (each: T) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;

/** What a part of a message is filled with: a text, a number, an element of a page, a function for a tag. */
export type SlotValue = string | number | object | ((chunks: unknown[]) => unknown);

/** The catalogue in one language, and what Intl says in it. */
export interface Messages {
  readonly locale: Locale;
  readonly direction: "ltr" | "rtl";
  message<Key extends PlainKey>(key: Key, ...slots: SlotArguments<Key>): string;
  /** One of several messages, given what any of them needs. */
  anyMessage<Key extends PlainKey>(key: Key, slots: AllSlotsOf<Key>): string;
  /** The same for messages with markup, as a list of parts; see `messages/rich.ts`. */
  parts(key: MessageKey, slots: Readonly<Record<string, SlotValue>>): unknown[];
  /** A length of time in the largest unit that tells it exactly ("90 minutes"). */
  exactDuration(duration: Duration): string;
  /** A time to wait, rounded up to its largest unit, so that it is never too short. */
  wait(duration: Duration): string;
  /** A country by its code; null for a code that no country has. */
  country(code: string): string | null;
  list(names: readonly string[], type: "conjunction" | "disjunction"): string;
  /** A moment with its time zone named ("29 Nov 2026, 14:05 CET"). */
  time(at: Date, timeZone: string): string;
  /** The day of a moment ("Sunday, 29 November 2026"). */
  day(at: Date, timeZone: string): string;
  /** The time of a moment on its day, with its time zone named ("14:05 CET"). */
  timeOfDay(at: Date, timeZone: string): string;
  /** A recent moment ("2 minutes ago"); null for one more than a day ago. */
  timeAgo(at: Date, now: Date): string | null;
}

/** The catalogue in a language; one object for each. */
export function messagesIn(locale: Locale): Messages {
  const known = languages.get(locale);
  if (known) return known;
  const made = createMessages(locale);
  languages.set(locale, made);
  return made;
}

const languages = new Map<Locale, Messages>();

function createMessages(locale: Locale): Messages {
  const pseudo = locale === "en" ? null : pseudoLanguages[locale];
  const text = pseudo ? pseudo.text : (english: string) => english;
  const direction = locale === "ar-XB" ? "rtl" : "ltr";
  const entries = new Map<MessageKey, Entry>();
  const entryOf = (key: MessageKey): Entry => {
    const known = entries.get(key);
    if (known) return known;
    const format = pseudo ? pseudoMessage(en[key], pseudo) : new IntlMessageFormat(en[key], "en");
    const made = { format, selects: selectsOf(format) };
    entries.set(key, made);
    return made;
  };
  // What is filled in may be written from left to right, in a sentence that is not.
  const isolated = (value: SlotValue) =>
    direction === "rtl" && typeof value === "string" ? `\u2068${value}\u2069` : value;
  const parts = (key: MessageKey, slots: Readonly<Record<string, SlotValue>>): unknown[] => {
    const { format, selects } = entryOf(key);
    const values = Object.entries(slots).map(([name, value]) => [
      name,
      selects.has(name) ? value : isolated(value),
    ]);
    return [format.format(Object.fromEntries(values) as Record<string, never>)].flat();
  };
  return {
    locale,
    direction,
    message: (key, ...[slots]) => parts(key, (slots ?? {}) as Record<string, SlotValue>).join(""),
    anyMessage: (key, slots) => parts(key, slots as Record<string, SlotValue>).join(""),
    parts,
    exactDuration: (duration) => text(exactly(duration)),
    wait: (duration) => text(inWords(duration)),
    country(code) {
      const name = countries.of(code);
      return name === undefined ? null : text(name);
    },
    list: (names, type) =>
      new Intl.ListFormat("en", { type })
        .formatToParts(names)
        .map((part) => (part.type === "literal" ? text(part.value) : isolated(part.value)))
        .join(""),
    time: (at, timeZone) => text(dateFormat("moment", timeZone).format(at)),
    day: (at, timeZone) => text(dateFormat("day", timeZone).format(at)),
    timeOfDay: (at, timeZone) => text(dateFormat("time", timeZone).format(at)),
    timeAgo(at, now) {
      const minutes = Math.round((at.getTime() - now.getTime()) / 60_000);
      if (minutes < -24 * 60) return null;
      if (minutes > -1) return this.message("time.justNow");
      return text(
        minutes > -60
          ? relative.format(minutes, "minute")
          : relative.format(Math.round(minutes / 60), "hour"),
      );
    },
  };
}

interface Entry {
  readonly format: IntlMessageFormat;
  /** The names of its selects: their values are compared with its options, and not shown. */
  readonly selects: ReadonlySet<string>;
}

const selectsOf = (format: IntlMessageFormat): ReadonlySet<string> => {
  const names = new Set<string>();
  const read = (elements: ReturnType<IntlMessageFormat["getAst"]>) => {
    for (const element of elements) {
      if ("children" in element) read(element.children);
      if (!("options" in element)) continue;
      if (element.type === selectElement) names.add(element.value);
      for (const { value } of Object.values(element.options)) read(value);
    }
  };
  read(format.getAst());
  return names;
};
/** `TYPE.select` of the parser, which exports it as a const enum. */
const selectElement = 5;

const countries = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

const time = { hour: "2-digit", minute: "2-digit", timeZoneName: "short" } as const;
const dateParts = {
  moment: { day: "numeric", month: "short", year: "numeric", ...time },
  day: { weekday: "long", day: "numeric", month: "long", year: "numeric" },
  time,
} as const;

const dateFormats = new Map<string, Intl.DateTimeFormat>();
function dateFormat(parts: keyof typeof dateParts, timeZone: string): Intl.DateTimeFormat {
  const key = `${parts} ${timeZone}`;
  const known = dateFormats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-GB", { ...dateParts[parts], timeZone });
  dateFormats.set(key, made);
  return made;
}
