import { randomUUID } from "node:crypto";
import { databaseCauseOf } from "@/lib/core/database-error";
import { lifetimes } from "@/lib/core/policy";
import type { World } from "@/lib/runtime/ports";
import { issueSetupToken } from "@/lib/store/setup";
import { messagesIn } from "@/messages";

/**
 * Prints the link that makes its first user an admin, while there is none: a new one at each start (T1). It
 * is printed and not logged, as the log holds no secrets. A failure does not prevent the start.
 */
export async function printSetupLink(
  { db, env, random, log }: Pick<World, "db" | "env" | "random" | "log">,
  print: (text: string) => void,
): Promise<void> {
  const token = random.token();
  try {
    const facts = { token, lifetime: lifetimes.setupLink, requestId: randomUUID() };
    if (!(await issueSetupToken(db, facts))) return;
  } catch (error) {
    log.warn("setup.failed", { ...databaseCauseOf(error) });
    return;
  }
  const messages = messagesIn("en");
  print(
    `${messages.message("setup.printed", {
      lifetime: messages.exactDuration(lifetimes.setupLink),
      url: `${env.origin.origin}/l/setup/${token}`,
    })}\n`,
  );
}
