import { expect, test } from "vitest";
import { staffEvents } from "@/lib/core/activity";
import type { Audited } from "@/lib/runtime/audited";
import type { AnyFlow } from "@/lib/runtime/flow";
import { otherEvents, refusedByOwnRules } from "@/test/support/audited";
import { flows } from ".";

/**
 * What each flow leaves in the audit log, as it declares it. After each test `expectAuditedAsDeclared`
 * compares the events with that, and after a whole run `outcome-coverage.ts` names the outcomes that no test
 * has reached.
 */

const subjects: Record<Audited["subject"], string> = {
  caller: "the caller",
  user: "the user that staff act on",
  owner: "the owner of the address, link or identity",
  nobody: "nobody",
};

const inCode = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(", ");

/** Outcomes with the same causes together. */
function outcomesOf({ ok = [], refusals }: Audited): string {
  const byCauses = new Map<string, string[]>();
  for (const [outcome, causes] of Object.entries({ ok, ...refusals })) {
    const text = causes === "any" ? "any cause" : causes.join(", ");
    byCauses.set(text, [...(byCauses.get(text) ?? []), outcome]);
  }
  return [...byCauses]
    .map(([causes, outcomes]) => inCode(outcomes) + (causes && ` (${causes})`))
    .join("; ");
}

function readersOf({ name, audited }: AnyFlow): string {
  if (audited?.subject === "nobody") return "staff";
  return staffEvents.includes(name) ? "staff, and the user if it succeeded" : "the user, staff";
}

test("docs/audit.md says what every flow leaves in the audit log", async () => {
  const asRow = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const head = ["event", "account", "seen by", "outcomes (causes)", "only counted"];
  const audited = flows.filter((flow) => flow.audited !== undefined);
  const reads = flows.filter((flow) => flow.audited === undefined);
  const text = [
    "# What is in the audit log",
    "",
    "Each row is a flow, whose name is the event. The test `lib/flows/audited.flow.test.ts` writes this file from",
    "what the flows declare, and fails when it differs. After every other test the events in its database are",
    "compared with that, and after all of them each outcome must have been reached.",
    "",
    "- **Outcomes** are `ok` and the codes of refusals. Each is an event, committed with the change. Causes are in",
    "  brackets, for staff alone; `ok` may also have none. With a provider, the cause begins with its name.",
    "- **Account**: the one that the event belongs to, if the run has found one. Its user sees the event under",
    "  “Activity”; staff see all events. An event without an account is seen by staff alone.",
    "- **Only counted**, by hour and a keyed hash of the network, is what comes in floods: what is refused before the",
    "  flow runs. Beside the codes in the table these are `cross_site`, `cookies_blocked`, `signed_in_as_other`,",
    "  `invalid_input`, and the codes of [who may run what](authorization.md). `overloaded` is counted, too, unless",
    "  it is refused within the change.",
    "",
    asRow(head),
    asRow(head.map(() => "---")),
    ...audited.map((flow) =>
      asRow([
        inCode([flow.name]),
        subjects[flow.audited!.subject],
        readersOf(flow),
        outcomesOf(flow.audited!),
        inCode(refusedByOwnRules(flow)) || "–",
      ]),
    ),
    "",
    "Events that no flow writes:",
    "",
    ...Object.entries(otherEvents).map(([name, says]) => `- ${inCode([name])}: ${says}.`),
    "",
    `Flows that leave nothing, because they only read: ${inCode(reads.map(({ name }) => name))}.`,
    "",
  ].join("\n");
  expect(reads.filter(({ kind }) => kind !== "read")).toEqual([]);
  await expect(text).toMatchFileSnapshot("../../docs/audit.md");
});
