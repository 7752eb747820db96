import type { Db } from "@/db/client";
import type { LimitName } from "@/lib/core/policy";
import { ok, refuse, type Result } from "@/lib/core/result";
import type { RefusalCauses } from "@/lib/runtime/audited";
import type { Ctx, LimitRule } from "@/lib/runtime/flow";
import type { Caller } from "@/lib/runtime/request-context";
import { commandLineId } from "@/lib/store/staff-help";
import { findUser, type UserAccount } from "@/lib/store/user-administration";

/** The staff member who helps a user, or the command line, which has no user. */
export const issuerId = ({ session }: Pick<Caller, "session">): string =>
  session?.userId ?? commandLineId;

/** A limit on what one member of staff starts for users. */
export const limitPerIssuer = (limit: LimitName): LimitRule<unknown> => ({
  limit,
  effect: "reject",
  key: (_, caller) => issuerId(caller),
});

/** What `findUserToHelp` refuses. */
export const helpRefusals = {
  not_found: [],
  own_account: [],
  staff_account: [],
  account_disabled: [],
  deletion_scheduled: [],
} satisfies RefusalCauses;

/** The user whom staff help to sign in again: a member who can sign in, and not the caller (T2). */
export async function findUserToHelp(ctx: Ctx, tx: Db, id: string): Promise<Result<UserAccount>> {
  const user = await findUser(tx, id);
  if (!user) return refuse("not_found");
  ctx.auditSubject({ userId: user.id });
  if (user.id === ctx.caller.session?.userId) return refuse("own_account");
  if (user.role !== "member") return refuse("staff_account");
  if (user.disabledAt) return refuse("account_disabled");
  if (user.deletesAt) return refuse("deletion_scheduled");
  return ok(user);
}
