import { cache } from "react";
import { readUser } from "@/lib/flows/staff/read-user";
import { readOrRedirect } from "@/lib/web/run-for-request";

/** The user of a page and of the pages below it; "not found" for a forged id and for everybody but staff. */
export const readShownUser = cache(async (id: string, before?: string | string[]) =>
  readOrRedirect(readUser, `/admin/users/${encodeURIComponent(id)}`, { id, before }),
);
