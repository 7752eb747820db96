import { answer } from "@/lib/web/json-response";
import { verifyCode } from "../../operations";

export const POST = (request: Request) => answer(request, verifyCode);
