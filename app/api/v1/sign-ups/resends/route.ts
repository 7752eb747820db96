import { answer } from "@/lib/web/json-response";
import { resendCode } from "../../operations";

export const POST = (request: Request) => answer(request, resendCode);
