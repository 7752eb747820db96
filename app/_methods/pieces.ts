import type { ReactNode } from "react";

/** A method that a user has, as the methods page shows it. */
export interface LinkedMethod {
  readonly needsConfirmation: boolean;
  readonly isEnabled: boolean;
  readonly isUsable: boolean;
  readonly isLast: boolean;
}

/** What pages show of a sign-in method. */
export interface MethodPieces {
  readonly name: () => string;
  /** How a session began, for the sessions page. */
  readonly signedIn: (when: ReactNode) => ReactNode;
  /** The button beside the email address on the sign-in page; null for a form of its own. */
  readonly addressButton: {
    readonly text: () => string;
    readonly action: (form: FormData) => Promise<void>;
  } | null;
  /** What the methods page says of it to a user who does not have it, and what can be done. */
  readonly missing: () => { readonly state: string; readonly action: ReactNode };
  /** What a user who has it can do with it; the last one has text instead of a button (A4). */
  readonly actions: (linked: LinkedMethod) => ReactNode;
}
