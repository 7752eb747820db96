import { z } from "zod";
import { asAuthSession } from "@/lib/web/auth";
import { readSession } from "@/lib/flows/sessions/read-session";
import { respondJson, operation } from "@/lib/web/json-response";

const showAuthSession = operation({
  flow: readSession,
  status: 200,
  says: {
    shape: z
      .strictObject({
        user: z.strictObject({ id: z.uuid(), email: z.string() }),
        expires: z.iso.datetime(),
      })
      .nullable(),
    of: (session) => session && asAuthSession(session),
  },
});

/** What clients of Auth.js ask for; ours answers, in front of its own. */
export const GET = (request: Request) => respondJson(request, showAuthSession);
