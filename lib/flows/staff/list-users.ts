import { z } from "zod";
import { readTypedAddress } from "@/lib/core/identifier";
import { bounds, intervals } from "@/lib/core/policy";
import { ok, refuse } from "@/lib/core/result";
import { pageOf, rowsForPage } from "@/lib/flows/shared/page";
import { methods } from "@/lib/methods";
import { rowId } from "@/lib/runtime/fields";
import { defineFlow } from "@/lib/runtime/flow";
import { findUser, selectUsers, type UserFilter } from "@/lib/store/user-administration";

/** What staff search for: a user's id, or the beginning of an address as it is stored. */
function readSearch(typed: string): UserFilter["search"] {
  if (z.uuid().safeParse(typed).success) return { id: typed };
  const read = readTypedAddress(typed);
  return { prefix: "identifier" in read ? read.identifier : typed.toLowerCase() };
}

/** No address has other characters. */
const isPartOfAddress = ({ prefix }: { prefix: string }) => /^[\x21-\x7e]+$/.test(prefix);

/**
 * Finds users by the beginning of the address or by id, in pages of `bounds.usersPage` (T1). `after` is the
 * `next` of the page before. Refuses `invalid_input` for an unknown filter, and for an `after` of nobody.
 */
export const listUsers = defineFlow({
  name: "user.list",
  kind: "read",
  requires: "staff",
  maxAuthAge: intervals.staffRead,
  limits: [
    {
      limit: "userListsPerStaff",
      effect: "reject",
      key: (_, { session }) => session?.userId ?? "command line",
    },
  ],
  input: z.strictObject({
    search: z.string().max(bounds.emailLength).default(""),
    status: z.enum(["active", "disabled", "staff"]).optional(),
    method: z
      .string()
      .refine((name) => methods().some(({ storedName }) => storedName === name))
      .optional(),
    after: rowId.optional(),
  }),

  run: async function listUsers(ctx, { search: typed, status, method, after }) {
    const search = typed.trim() ? readSearch(typed.trim()) : null;
    if (search && "prefix" in search && !isPartOfAddress(search))
      return ok({ users: [], next: null });
    if (after && !(await findUser(ctx.db, after))) return refuse("invalid_input");
    const found = await selectUsers(
      ctx.db,
      { search, status: status ?? null, method: method ?? null },
      { after: after ?? null, most: rowsForPage(bounds.usersPage) },
    );
    const { page: users, next } = pageOf(found, bounds.usersPage);
    return ok({ users, next });
  },
});
