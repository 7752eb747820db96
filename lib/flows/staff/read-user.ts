import { z } from "zod";
import { bounds, intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { pageOf, rowsForPage } from "@/lib/flows/shared/page";
import { isUsable } from "@/lib/methods";
import { activityCursor, uuid } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { selectUserEvents } from "@/lib/store/audit-log";
import { selectAuthProviders } from "@/lib/store/auth-providers";
import { selectLettersTo } from "@/lib/store/outbox";
import { selectSessions } from "@/lib/store/sessions";
import { findStaffEmailChange } from "@/lib/store/staff-email-changes";
import { findUser } from "@/lib/store/user-administration";
import { mayActOn } from "./steps";

/**
 * A user's account for staff: sign-in methods, sessions, emails, a pending change of the address that staff
 * have started, and a page of events, older than the event `before` (T1). Refuses `not_found`.
 */
export const readUser = defineFlow({
  name: "user.read",
  kind: "read",
  requires: "staff",
  maxAuthAge: intervals.staffRead,
  limits: [],
  input: z.strictObject({ id: uuid, before: activityCursor.optional() }),

  run: async function readUser(ctx, { id, before }) {
    const user = await findUser(ctx.db, id);
    if (!user) return refuse("not_found");
    const methods = await selectAuthProviders(ctx.db, id);
    const found = await selectUserEvents(ctx.db, id, {
      before: before ?? null,
      most: rowsForPage(bounds.userEvents),
    });
    const { page: events, next } = pageOf(found, bounds.userEvents);
    const mayAct = mayActOn(ctx, user);
    const { session } = ctx.caller;
    return ok({
      user,
      methods: methods.map((one) => ({ ...one, isUsable: isUsable(one, ctx.env.methods) })),
      sessions: await selectSessions(ctx.db, id),
      letters: await selectLettersTo(ctx.db, user.email, bounds.listedEmails),
      events,
      emailChange: await findStaffEmailChange(ctx.db, id),
      next,
      isOwn: session?.userId === user.id,
      mayAct,
      mayChangeRole: mayAct && (session === null || session.role === "admin"),
    });
  },
});
