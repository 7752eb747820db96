import type { Duration } from "@/lib/core/duration";
import type { Locale } from "@/lib/core/env";

/** What a template needs besides the letter. */
export interface LetterFacts {
  readonly appName: string;
  readonly locale: Locale;
  /** The configured origin; links are built from nothing else (L7). */
  readonly origin: string;
  readonly supportEmail: string | undefined;
  readonly lifetimes: Readonly<Record<"magicLink" | "emailCode" | "stepUpLink", Duration>>;
  /** The time of the first attempt to send, when the lifetimes start. */
  readonly now: Date;
}
