import { intervals } from "@/lib/core/policy";
import { readHealth } from "@/lib/web/site";

/** Whether this instance should get requests: 503 only when the database or its migrations fail (X4). */
export async function GET(): Promise<Response> {
  const checks = await readHealth();
  const statuses = Object.values(checks);
  const status = ["fail", "warn"].find((one) => statuses.some((found) => found === one)) ?? "pass";
  return Response.json(
    { status, checks },
    {
      status: status === "fail" ? 503 : 200,
      headers: {
        "Cache-Control": "no-store",
        ...(status === "fail" ? { "Retry-After": String(intervals.unavailable) } : {}),
      },
    },
  );
}
