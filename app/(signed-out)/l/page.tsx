import type { Metadata } from "next";
import { message } from "@/lib/web/messages";
import { InvalidLink } from "./invalid-link";

export const generateMetadata = (): Metadata => ({ title: message("link.reopenTitle") });

/** Where a token page is found again after its token left the address bar (L6). */
export default function ReopenPage() {
  return <InvalidLink title={message("link.reopenTitle")} lead={message("link.reopen")} />;
}
