import { intervals } from "@/lib/core/policy";
import { sentenceOf } from "@/lib/core/result";
import { staticPage } from "../static-page";
import { words } from "../words";

/** Where pages send people while the database is away (S4). */
export const GET = () =>
  staticPage({
    status: 503,
    title: words.unavailable.title,
    lead: sentenceOf({ code: "unavailable" }),
    link: words.unavailable.again,
    retryAfter: intervals.unavailable,
  });
