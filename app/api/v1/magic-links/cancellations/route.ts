import { respondJson } from "@/lib/web/json-response";
import { cancelLink } from "../../operations";

export const POST = (request: Request) => respondJson(request, cancelLink);
