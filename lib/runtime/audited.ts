import type { RefusalCode } from "@/lib/core/errors";

/** The causes of an outcome. None where it is empty; “any” where they are no closed set. */
type Causes = readonly string[] | "any";

/** What a run refuses, each with its causes. */
export type RefusalCauses = Readonly<Partial<Record<RefusalCode, Causes>>>;

/** What the runs of a flow leave in the audit log (T3). */
export interface Audited {
  /**
   * Whose account an event belongs to, and so in whose activity it is. **caller**: the one who ran it.
   * **user**: the one that staff act on. **owner**: the one of the address, link or identity, where there is
   * one.
   */
  readonly subject: "caller" | "user" | "owner" | "nobody";
  /** Its causes begin with the name of a provider. */
  readonly namesProvider?: true;
  /** The causes of a success; it may also have none. */
  readonly ok?: Causes;
  /** What `run` refuses. What the runner refuses before is counted instead. */
  readonly refusals: RefusalCauses;
}
