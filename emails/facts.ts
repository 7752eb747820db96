import type { Duration } from "@/lib/core/duration";

/** What a template needs besides the letter. */
export interface LetterFacts {
  readonly appName: string;
  /** The configured origin; links are built from nothing else (L7). */
  readonly origin: string;
  readonly supportEmail: string | undefined;
  readonly lifetimes: { readonly magicLink: Duration; readonly emailCode: Duration };
  /** The time of the first attempt to send, when the lifetimes start. */
  readonly now: Date;
}
