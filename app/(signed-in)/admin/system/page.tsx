import type { Metadata } from "next";
import { Badge } from "@/app/_ui/badge";
import { DefinitionList } from "@/app/_ui/definition-list";
import { Row, Rows } from "@/app/_ui/rows";
import { readSystem } from "@/lib/flows/staff/read-system";
import { message } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { StaffLayout } from "../staff-layout";

const path = "/admin/system";
const tones = { pass: "ok", warn: "warn", fail: "danger" } as const;

export const generateMetadata = (): Metadata => ({ title: message("system.title") });

export default async function SystemPage() {
  const { version, health, pendingMigrations } = await readOrRedirect(readSystem, path);
  const checks = Object.entries(health) as [keyof typeof health, keyof typeof tones][];
  return (
    <StaffLayout path={path} navItem={path} title={message("system.title")}>
      <DefinitionList
        items={[
          { term: message("system.version"), value: <code dir="ltr">{version}</code> },
          {
            term: message("system.migrations"),
            value:
              pendingMigrations.length === 0 ? (
                message("system.noMigrations")
              ) : (
                <code dir="ltr">{pendingMigrations.join(", ")}</code>
              ),
          },
        ]}
      />
      <h2>{message("system.checks")}</h2>
      <Rows>
        {checks.map(([part, status]) => (
          <Row
            key={part}
            level="h3"
            title={message(`system.check.${part}`)}
            badge={<Badge tone={tones[status]}>{message(`system.status.${status}`)}</Badge>}
            details={[
              message(`system.says.${part}`, { status: status === "pass" ? status : "other" }),
            ]}
          />
        ))}
      </Rows>
    </StaffLayout>
  );
}
