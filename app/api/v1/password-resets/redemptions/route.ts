import { answer } from "@/lib/web/answer";
import { redeemReset } from "../../operations";

export const POST = (request: Request) => answer(request, redeemReset);
