import { pathWith, type Query } from "@/app/path-with";
import { exportAuditEvents } from "@/lib/flows/audit/export-audit-events";
import { readOrRedirect } from "@/lib/web/run-for-request";

/**
 * The file of a search in the audit log. It has the fields of the JSON operation, and its times as ISO text.
 */
export async function GET(request: Request): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const query: Query = Object.fromEntries(
    [...new Set(searchParams.keys())].map((name) => {
      const values = searchParams.getAll(name);
      return [name, values.length === 1 ? values[0] : values];
    }),
  );
  // A step-up leads back to the search: a file cannot be the page after it.
  const events = await readOrRedirect(exportAuditEvents, pathWith("/admin/audit", query), query);
  return Response.json(
    { events },
    { headers: { "content-disposition": 'attachment; filename="audit.json"' } },
  );
}
