import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import type { z } from "zod";
import { readTypedAddress } from "@/lib/core/identifier";
import { type Role, roles } from "@/lib/core/role";
import { issueAccessLink } from "@/lib/flows/access-links/issue-access-link";
import { startStaffEmailChange } from "@/lib/flows/staff-email-change/start-staff-email-change";
import { changeRole } from "@/lib/flows/staff/change-role";
import { disableUser } from "@/lib/flows/staff/disable-user";
import { enableUser } from "@/lib/flows/staff/enable-user";
import { listUsers } from "@/lib/flows/staff/list-users";
import { revokeUserSessions } from "@/lib/flows/staff/revoke-user-sessions";
import { sendInvitation } from "@/lib/flows/staff/send-invitation";
import { commandLineContext } from "@/lib/runtime/command-line";
import type { Flow, Requires } from "@/lib/runtime/flow";
import type { World } from "@/lib/runtime/ports";
import { runFlow } from "@/lib/runtime/run-flow";
import { type AuditProblem, verifyAuditLog } from "@/lib/store/audit-seals";
import { messagesIn } from "@/messages";
import { messageOf } from "@/messages/refusal-message";
import { Failure } from "./run.mjs";

export const usage = `One of:
  npm run admin -- find <beginning of an address, or an id>
  npm run admin -- grant <address> <${roles.join(" | ")}>
  npm run admin -- invite <address>
  npm run admin -- revoke <address>                     ends all sessions
  npm run admin -- disable <address> --reason "…"
  npm run admin -- enable <address> --reason "…"
  npm run admin -- access-link <address> --reason "…"   emails a link that opens the account
  npm run admin -- change-email <address> <new address> --reason "…"
                                                        starts a change of a lost address
  npm run admin -- audit verify                         compares the audit log with its seals
The reason is for the audit log; grant and revoke may have one, too.`;

/** The reason where none is asked for. */
const onCommandLine = "On the command line";

/**
 * Runs `npm run admin` with these arguments, through the same flows as the pages for staff (decision 49).
 * Returns what to print. Throws `Failure` with the sentence of a refusal.
 */
export async function runAdminCommand(world: World, args: string[]): Promise<string> {
  const { positionals, values } = readArguments(args);
  const [command, about = "", second = ""] = positionals;
  const isRole = (text: string): text is Role => roles.some((one) => one === text);
  const length = command === "grant" || command === "change-email" ? 3 : 2;
  if (positionals.length !== length) throw new Failure(usage);
  const { reason = onCommandLine } = values;
  switch (command) {
    case "find":
      return findUsers(world, about);
    case "grant": {
      if (!isRole(second)) throw new Failure(usage);
      const { email } = await run(world, changeRole, {
        ...(await named(world, about)),
        ...{ role: second, reason },
      });
      return `${email} is now ${second}, and signed out everywhere.`;
    }
    case "invite": {
      const { email } = await run(world, sendInvitation, { email: about });
      return `${email} is invited. The server sends the email.`;
    }
    case "revoke": {
      const user = await named(world, about);
      const { email } = await run(world, revokeUserSessions, { ...user, reason });
      return `${email} is signed out everywhere.`;
    }
    case "disable":
    case "enable": {
      if (values.reason === undefined) throw new Failure(`Say why: --reason "…"`);
      const flow = command === "disable" ? disableUser : enableUser;
      const { email } = await run(world, flow, { ...(await named(world, about)), reason });
      return `${email} is ${command}d.`;
    }
    case "access-link": {
      if (values.reason === undefined) throw new Failure(`Say why: --reason "…"`);
      const user = await named(world, about);
      const { email } = await run(world, issueAccessLink, { ...user, reason });
      return `A link that opens the account is on its way to ${email}.`;
    }
    case "change-email": {
      if (values.reason === undefined) throw new Failure(`Say why: --reason "…"`);
      const user = await named(world, about);
      await run(world, startStaffEmailChange, { ...user, email: second, reason });
      return `A link and a code are on their way to ${second}.`;
    }
    case "audit":
      if (about !== "verify") throw new Failure(usage);
      return verifyAudit(world);
    case undefined:
    default:
      throw new Failure(usage);
  }
}

const problems: Readonly<Record<AuditProblem, string>> = {
  changed: "was changed after it was sealed, or its seal was",
  deleted: "or one before it was deleted",
  added: "was put between events that are sealed",
  checkpoint:
    "The beginning of the log was cut off by somebody without the key, or its checkpoint was changed",
};

/** Compares the whole log with its seals, however long that takes. */
async function verifyAudit({ db, env }: World): Promise<string> {
  const verified = await verifyAuditLog(db, env.auditKey);
  if (!verified.ok)
    throw new Failure(
      verified.eventId === null
        ? `${problems[verified.problem]}.`
        : `Event ${verified.eventId} ${problems[verified.problem]}.`,
    );
  const { sealed, unsealed, newest } = verified;
  return [
    `${sealed} events match their seals. ${unsealed} have no seal yet.`,
    ...(newest ? [`The newest seal, to note elsewhere: ${newest}`] : []),
  ].join("\n");
}

function readArguments(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: { reason: { type: "string" } } });
  } catch (error) {
    throw error instanceof TypeError ? new Failure(`${error.message}\n${usage}`) : error;
  }
}

async function findUsers(world: World, search: string): Promise<string> {
  const { users, next } = await run(world, listUsers, { search });
  if (users.length === 0) return "Nobody was found.";
  const found = users.map(({ id, email, role, disabled }) =>
    [id, email, ...(role === "member" ? [] : [role]), ...(disabled ? ["disabled"] : [])].join("  "),
  );
  return [...found, ...(next ? ["… and more: search for more of the address."] : [])].join("\n");
}

/** The id of the user with an address. */
async function named(world: World, typed: string): Promise<{ id: string }> {
  const read = readTypedAddress(typed);
  if ("identifier" in read) {
    const { users } = await run(world, listUsers, { search: read.identifier });
    const user = users.find(({ email }) => email === read.identifier);
    if (user) return { id: user.id };
  }
  throw new Failure(`Nobody has the address ${typed}. To find somebody: npm run admin -- find …`);
}

async function run<Schema extends z.ZodType, Out, R extends Requires>(
  world: World,
  flow: Flow<Schema, Out, R>,
  input: unknown,
): Promise<Out> {
  const { result, afterResponse } = await runFlow(
    world,
    flow,
    commandLineContext(randomUUID()),
    input,
  );
  for (const task of afterResponse) await task();
  if (result.ok) return result.value;
  throw new Failure(messageOf(messagesIn("en"), result.refusal));
}
