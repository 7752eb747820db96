import { respondJson } from "@/lib/web/json-response";
import { prove } from "../../operations";

export const POST = (request: Request) => respondJson(request, prove);
