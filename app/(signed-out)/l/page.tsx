import type { Metadata } from "next";
import { message } from "@/lib/web/messages";
import { InvalidLink } from "./invalid-link";

export const generateMetadata = (): Metadata => ({ title: message("link.reopenTitle") });

/** What a reloaded token page shows, as its token has left the address bar (L6). */
export default function ReopenPage() {
  return <InvalidLink title={message("link.reopenTitle")} lead={message("link.reopen")} />;
}
