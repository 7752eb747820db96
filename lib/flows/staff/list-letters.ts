import { z } from "zod";
import { bounds, intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { pageOf, rowsForPage } from "@/lib/flows/shared/page";
import { rowId } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import {
  findLetterState,
  queuedMail,
  selectDeadLetters,
  selectQueuedLetters,
} from "@/lib/store/outbox";

/**
 * The emails that wait, the oldest first, and those that were not sent with the reason, the newest first, for
 * staff (X3): each list in pages of `bounds.listedEmails`. `queuedAfter` and `deadAfter` are the `queuedNext`
 * and `deadNext` of the page before. Refuses `invalid_input` where one of them is of no such email.
 */
export const listLetters = defineFlow({
  name: "outbox.list",
  kind: "read",
  requires: "staff",
  maxAuthAge: intervals.staffRead,
  limits: [],
  input: z.strictObject({ queuedAfter: rowId.optional(), deadAfter: rowId.optional() }),

  run: async function listLetters({ db }, { queuedAfter, deadAfter }) {
    if (queuedAfter && !(await findLetterState(db, queuedAfter))) return refuse("invalid_input");
    if (deadAfter && (await findLetterState(db, deadAfter)) !== "dead")
      return refuse("invalid_input");
    const size = bounds.listedEmails;
    const most = rowsForPage(size);
    const queued = await selectQueuedLetters(db, { after: queuedAfter ?? null, most });
    const dead = await selectDeadLetters(db, { after: deadAfter ?? null, most });
    const [waiting, unsent] = [pageOf(queued, size), pageOf(dead, size)];
    return ok({
      ...(await queuedMail(db)),
      queued: waiting.page,
      queuedNext: waiting.next,
      dead: unsent.page,
      deadNext: unsent.next,
    });
  },
});
