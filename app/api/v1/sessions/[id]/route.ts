import { respondJson } from "@/lib/web/json-response";
import { endOneSession } from "../../operations";

export async function DELETE(request: Request, { params }: { params: Promise<{ id: string }> }) {
  return respondJson(request, endOneSession, await params);
}
