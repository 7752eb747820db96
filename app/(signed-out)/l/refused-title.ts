import type { Refusal } from "@/lib/core/result";
import { message } from "@/lib/web/messages";

/** The title of the page of a link that cannot be used, as its heading says it. */
export const refusedTitle = ({ method }: Refusal) =>
  message(method ? "methodDisabled.title" : "link.invalidTitle");
