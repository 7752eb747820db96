import { notFound } from "next/navigation";
import type { NextRequest } from "next/server";
import { message } from "@/lib/web/messages";
import { staticPage } from "../static-page";

/** Where a bug ends: an honest 500 with the reference that the log has. Without one, there is no such page. */
export function GET(request: NextRequest) {
  const reference = request.nextUrl.searchParams.get("reference") ?? "";
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(reference)) notFound();
  return staticPage({
    status: 500,
    title: message("failed.title"),
    lead: message("failed.lead"),
    link: message("failed.back"),
    reference,
  });
}
