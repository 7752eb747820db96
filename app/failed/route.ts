import { notFound } from "next/navigation";
import type { NextRequest } from "next/server";
import { staticPage } from "../static-page";
import { words } from "../words";

/** Where a bug ends: an honest 500 with the reference that the log has. Without one, there is no such page. */
export function GET(request: NextRequest) {
  const reference = request.nextUrl.searchParams.get("reference") ?? "";
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(reference)) notFound();
  const { title, lead, back: link } = words.failed;
  return staticPage({ status: 500, title, lead, link, reference });
}
