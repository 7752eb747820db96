import { answer } from "@/lib/web/json-response";
import { redeemReset } from "../../operations";

export const POST = (request: Request) => answer(request, redeemReset);
