import { answer } from "@/lib/web/answer";
import { resendCode } from "../../operations";

export const POST = (request: Request) => answer(request, resendCode);
