import { notFound } from "next/navigation";
import type { NextRequest } from "next/server";
import { message } from "@/lib/web/messages";
import { staticPage } from "../static-page";

/** The page after a bug: a 500 with the reference that the log has. Without a reference it is a 404. */
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
