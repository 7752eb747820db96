import { respondJson } from "@/lib/web/json-response";
import { dropAuthProvider } from "../../operations";

export async function DELETE(
  request: Request,
  { params }: { params: Promise<{ provider: string }> },
) {
  return respondJson(request, dropAuthProvider, await params);
}
