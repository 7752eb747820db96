import { readMailbox } from "@/lib/flows/mailbox/read-mailbox";
import { handleApiRequest } from "@/lib/web/mount-api";
import { runForRequest } from "@/lib/web/run-for-request";
import { noStore } from "@/lib/web/problem";

interface Context {
  params: Promise<{ id: string }>;
}

/**
 * An email of the local mailbox as email programs show it, for a frame of its page (X1). The request
 * gate gives it a content security policy of its own.
 */
export async function GET(request: Request, { params }: Context): Promise<Response> {
  const { id } = await params;
  const mailbox = await runForRequest(readMailbox, {});
  const html = mailbox.ok && mailbox.value.sent.find((letter) => letter.id === id)?.html;
  if (!html) return handleApiRequest(request);
  return new Response(html, {
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      ...noStore,
    },
  });
}
