import { respondJson } from "@/lib/web/json-response";
import { askForProof } from "../../../operations";

export const POST = (request: Request) => respondJson(request, askForProof);
