import { respondJson } from "@/lib/web/json-response";
import { redeemReset } from "../../operations";

export const POST = (request: Request) => respondJson(request, redeemReset);
