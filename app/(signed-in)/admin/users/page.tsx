import type { Metadata } from "next";
import { Badge } from "@/app/_ui/badge";
import { Button, ButtonLink } from "@/app/_ui/button";
import { Field } from "@/app/_ui/field";
import { Filters } from "@/app/_ui/filters";
import { SearchForm } from "@/app/_ui/form";
import { Row, Rows } from "@/app/_ui/rows";
import { StandaloneLink } from "@/app/_ui/standalone-link";
import { piecesOf, piecesOfStored } from "@/app/_methods";
import { PageLinks } from "@/app/page-links";
import { pathWith, type Query } from "@/app/path-with";
import { Address, object } from "@/app/markup";
import { Timestamp } from "@/app/timestamps";
import { bounds } from "@/lib/core/policy";
import { listUsers } from "@/lib/flows/staff/list-users";
import { methods } from "@/lib/methods";
import { message, messages, rich } from "@/lib/web/messages";
import { readOrRedirect } from "@/lib/web/run-for-request";
import { StaffLayout } from "../staff-layout";

const path = "/admin/users";
const statuses = ["active", "disabled", "staff"] as const;

export const generateMetadata = (): Metadata => ({ title: message("users.title") });

export default async function UsersPage({ searchParams }: { searchParams: Promise<Query> }) {
  const { search, status, method, after } = await searchParams;
  const query = { search, status, method, after };
  const { users, next } = await readOrRedirect(listUsers, pathWith(path, query), query);
  const filtered = { search, status, method };
  const hasFilter = Boolean(search) || status !== undefined || method !== undefined;
  return (
    <StaffLayout path={path} navItem={path} title={message("users.title")}>
      <SearchForm action={path}>
        <Field
          name="search"
          label={message("users.search")}
          hint={message("users.searchHint")}
          defaultValue={typeof search === "string" ? search : ""}
          type="text"
          dir="ltr"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={bounds.emailLength}
          enterKeyHint="search"
        />
        {typeof status === "string" && <input type="hidden" name="status" value={status} />}
        {typeof method === "string" && <input type="hidden" name="method" value={method} />}
        <Button>{message("users.submit")}</Button>
      </SearchForm>
      <Filters
        label={message("users.status")}
        items={[undefined, ...statuses].map((one) => ({
          href: pathWith(path, { ...filtered, status: one }),
          text: message(`users.status.${one ?? "all"}`),
          current: one === status,
        }))}
      />
      <Filters
        label={message("users.method")}
        items={[undefined, ...methods()].map((one) => ({
          href: pathWith(path, { ...filtered, method: one?.storedName }),
          text: one ? piecesOf(one).name() : message("users.method.all"),
          current: one?.storedName === method,
        }))}
      />
      {users.length === 0 && <p>{message("users.none")}</p>}
      <Rows>
        {users.map(({ id, email, role, disabled, methods: names, createdAt }) => (
          <Row
            key={id}
            title={<Address>{email}</Address>}
            badge={
              <>
                {role !== "member" && <Badge>{message(`staff.role.${role}`)}</Badge>}{" "}
                {disabled && <Badge tone="danger">{message("staff.disabled")}</Badge>}
              </>
            }
            details={[
              ...(names.length > 0
                ? [
                    messages().list(
                      names.map((name) => piecesOfStored(name).name()),
                      "conjunction",
                    ),
                  ]
                : []),
              rich("users.created", { when: <Timestamp at={createdAt} /> }),
            ]}
            action={
              <ButtonLink href={`${path}/${id}`}>
                {rich("users.open", { address: email, object })}
              </ButtonLink>
            }
          />
        ))}
      </Rows>
      <PageLinks
        first={after === undefined ? null : pathWith(path, filtered)}
        next={next && pathWith(path, { ...filtered, after: next })}
      />
      {hasFilter && <StandaloneLink href={path}>{message("users.clear")}</StandaloneLink>}
    </StaffLayout>
  );
}
