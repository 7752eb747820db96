import { randomUUID } from "node:crypto";
import type { Db } from "@/db/client";
import { masked } from "@/lib/core/identifier";
import type { Letter } from "@/lib/core/letters";
import type { World } from "@/lib/runtime/ports";
import { recordRunEnd } from "@/lib/store/run-end";
import { type DueEmailChange, endDueEmailChange } from "@/lib/store/staff-email-changes";
import { insertUnrequestedVerification } from "@/lib/store/verifications";

type AppliersWorld = Pick<World, "db" | "env" | "clock" | "random">;

/**
 * Gives effect to the changes of addresses that staff have started and nobody has stopped (T2, decision 50),
 * each in a transaction of its own. Returns how many were applied. Calls `progress` after each; it may throw
 * to stop.
 */
export async function applyDueEmailChanges(
  world: AppliersWorld,
  progress: () => void = () => {},
): Promise<number> {
  let applied = 0;
  for (;;) {
    const ended = await world.db.transaction((tx) => endOne(world, tx));
    progress();
    if (!ended) return applied;
    if (ended.end === "applied") applied += 1;
  }
}

async function endOne(world: AppliersWorld, tx: Db): Promise<DueEmailChange | null> {
  const change = await endDueEmailChange(tx);
  if (!change) return null;
  const { end, userId, staffId, newEmail } = change;
  if (end === "ended_before") return change;
  const letters = end === "applied" ? await lettersOf(world, tx, change) : [stopped(world, change)];
  const outcomes = {
    applied: { outcome: "ok" },
    in_use: { outcome: "email_in_use" },
    not_from_staff: { outcome: "link_invalid", cause: end },
    not_eligible: { outcome: "link_invalid", cause: end },
  };
  await recordRunEnd(tx, world.env.outboxKey, {
    session: null,
    letters: letters.map((letter) => ({ letter, withheld: null })),
    event: {
      event: "staff_email_change.apply",
      ...outcomes[end],
      ...{ subjectId: userId, staffId, identifier: newEmail },
      requestId: randomUUID(),
      ip: null,
      browser: "worker",
    },
  });
  return change;
}

const stopped = ({ clock }: AppliersWorld, { newEmail }: DueEmailChange): Letter => ({
  kind: "staff_email_stopped",
  to: newEmail,
  at: clock.now().toISOString(),
});

/** The old address gets a link that undoes the change, as after a change by the owner. */
async function lettersOf(
  { env, clock, random }: AppliersWorld,
  tx: Db,
  { userId, oldEmail, newEmail, browser }: DueEmailChange,
): Promise<Letter[]> {
  const token = random.token();
  const verificationId = await insertUnrequestedVerification(tx, {
    purpose: "email_undo",
    identifier: oldEmail,
    token,
    codeKey: env.tokenKey[0],
    cookie: random.token(),
    browser,
    lifetime: env.lifetimes.emailUndo,
    userId,
  });
  const at = clock.now().toISOString();
  return [
    {
      kind: "staff_email_changed",
      newAddress: masked(newEmail),
      ...{ to: oldEmail, at, token, verificationId },
    },
    { kind: "staff_email_ready", to: newEmail, at },
  ];
}
