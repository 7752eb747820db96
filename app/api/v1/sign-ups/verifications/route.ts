import { respondJson } from "@/lib/web/json-response";
import { verifyCode } from "../../operations";

export const POST = (request: Request) => respondJson(request, verifyCode);
