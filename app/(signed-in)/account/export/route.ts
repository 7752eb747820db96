import { exportAccount } from "@/lib/flows/account-data/export-account";
import { readOrRedirect } from "@/lib/web/run-for-request";

/** Everything about the user, as a file. After step-up the browser comes back here. */
export async function GET() {
  const data = await readOrRedirect(exportAccount, "/account/export");
  return new Response(`${JSON.stringify(data, null, 2)}\n`, {
    headers: {
      "Content-Type": "application/json",
      "Content-Disposition": 'attachment; filename="account.json"',
      "Cache-Control": "private, no-store",
    },
  });
}
