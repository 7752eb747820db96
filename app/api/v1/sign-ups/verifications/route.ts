import { answer } from "@/lib/web/answer";
import { verifyCode } from "../../operations";

export const POST = (request: Request) => answer(request, verifyCode);
