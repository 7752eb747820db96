import type { Metadata } from "next";
import { words } from "@/app/words";
import { InvalidLink } from "./invalid-link";

export const metadata: Metadata = { title: words.link.reopenTitle };

/** Where a token page is found again after its token left the address bar (L6). */
export default function ReopenPage() {
  return <InvalidLink title={words.link.reopenTitle} lead={words.link.reopen} />;
}
