import { respondJson } from "@/lib/web/json-response";
import { resendCode } from "../../operations";

export const POST = (request: Request) => respondJson(request, resendCode);
