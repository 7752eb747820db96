import type { Duration } from "@/lib/core/duration";
import type { Locale } from "@/lib/core/env";

/** What templates know besides the letter itself. */
export interface LetterFacts {
  readonly appName: string;
  readonly locale: Locale;
  /** The configured origin; links are built from nothing else (L7). */
  readonly origin: string;
  readonly supportEmail: string | undefined;
  readonly lifetimes: { readonly magicLink: Duration; readonly emailCode: Duration };
  /** The moment of the first attempt to send, from which the lifetimes count. */
  readonly now: Date;
}
