import { respondJson } from "@/lib/web/json-response";
import { previewLink } from "../../operations";

export const POST = (request: Request) => respondJson(request, previewLink);
