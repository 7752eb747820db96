import { respondJson } from "@/lib/web/json-response";
import { previewReset } from "../../operations";

export const POST = (request: Request) => respondJson(request, previewReset);
