import type { Db } from "@/db/client";
import { ok, refuse, type Result } from "@/lib/core/result";
import type { RefusalCauses } from "@/lib/runtime/audited";
import type { Ctx } from "@/lib/runtime/flow";
import { type Actor, findUser, type UserAccount } from "@/lib/store/user-administration";

/** Who runs a flow for staff. Without a session it is the command line: the runner refuses all others. */
const actorOf = ({ caller: { session } }: Ctx): Actor => ({
  id: session?.userId ?? null,
  mayChangeStaff: session === null || session.role === "admin",
});

/** Whether a flow's caller may act on this account; pages show no button that would be refused. */
export function mayActOn(ctx: Ctx, { id, role }: UserAccount): boolean {
  const actor = actorOf(ctx);
  return id !== actor.id && (role === "member" || actor.mayChangeStaff);
}

/** What `changeAccount` refuses, beside `unchanged`. */
export const actRefusals = {
  not_found: [],
  own_account: [],
  staff_account: [],
} satisfies RefusalCauses;

/**
 * Changes the account of somebody else, and records the reason. `change` decides in one statement; what is
 * read before only names the reason of a refusal. Refuses `not_found`, `own_account`, `staff_account`, and
 * what `unchanged` returns when the statement changed nothing.
 */
export function changeAccount<T>(
  ctx: Ctx,
  { id, reason }: { id: string; reason: string },
  change: (tx: Db, actor: Actor, user: UserAccount) => Promise<boolean>,
  {
    changed,
    unchanged,
  }: {
    changed: (tx: Db, user: UserAccount) => Promise<T>;
    unchanged: (user: UserAccount) => Result<never>;
  },
): Promise<Result<T>> {
  return ctx.write(async (tx) => {
    ctx.auditSubject({ reason });
    const actor = actorOf(ctx);
    const user = await findUser(tx, id);
    if (!user) return refuse("not_found");
    ctx.auditSubject({ userId: user.id });
    if (user.id === actor.id) return refuse("own_account");
    if (user.role !== "member" && !actor.mayChangeStaff) return refuse("staff_account");
    if (!(await change(tx, actor, user))) return unchanged(user);
    return ok(await changed(tx, user));
  });
}

/** What every email about an act of staff says. */
export const staffNoticeTo = ({ clock }: Ctx, { email }: UserAccount) => ({
  to: email,
  at: clock.now().toISOString(),
});
