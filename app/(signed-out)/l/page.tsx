import type { Metadata } from "next";
import { link } from "@/app/markup";
import { readPendingRequest } from "@/lib/flows/sign-in/read-pending-request";
import { message, rich } from "@/lib/web/messages";
import { runForRequest } from "@/lib/web/run-for-request";
import { InvalidLink } from "./invalid-link";

export const generateMetadata = (): Metadata => ({ title: message("link.reopenTitle") });

/**
 * What a reloaded token page shows, as its token has left the address bar (L6), and what a browser shows
 * that took it over from an app. The browser that requested the email may enter its code instead.
 */
export default async function ReopenPage() {
  const pending = await runForRequest(readPendingRequest, {});
  const request = pending.ok && pending.value.state === "waiting" ? pending.value : null;
  return (
    <InvalidLink
      title={message("link.reopenTitle")}
      lead={message("link.reopen")}
      next={request?.next}
      remember={request?.remember}
      address={request?.email}
    >
      {request && <p>{rich("link.enterCode", { link: link("/sign-in/check") })}</p>}
    </InvalidLink>
  );
}
