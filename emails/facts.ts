import type { Duration } from "@/lib/core/duration";
import type { MethodId } from "@/lib/core/method-id";
import type { Locale } from "@/lib/core/env";

/** What a template needs besides the letter. */
export interface LetterFacts {
  readonly appName: string;
  readonly locale: Locale;
  /** The configured origin; links are built from nothing else (L7). */
  readonly origin: string;
  readonly supportEmail: string | undefined;
  /** The enabled sign-in methods: an email offers nothing that is disabled. */
  readonly methods: readonly MethodId[];
  readonly lifetimes: Readonly<
    Record<
      | "magicLink"
      | "emailCode"
      | "stepUpLink"
      | "emailUndo"
      | "emailChangeNotice"
      | "deletion"
      | "signInReport"
      | "methodsLock"
      | "accessLink"
      | "accessSession",
      Duration
    >
  >;
  /** The time of the first attempt to send, when the lifetimes start. */
  readonly now: Date;
}
