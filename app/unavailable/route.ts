import { intervals } from "@/lib/core/policy";
import { message, messageOf } from "@/lib/web/messages";
import { staticPage } from "../static-page";

/** Where pages redirect while the database is unavailable (S4). */
export const GET = () =>
  staticPage({
    status: 503,
    title: message("unavailable.title"),
    lead: messageOf({ code: "unavailable" }),
    link: message("unavailable.retry"),
    retryAfter: intervals.unavailable,
  });
