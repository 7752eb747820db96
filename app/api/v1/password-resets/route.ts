import { respondJson } from "@/lib/web/json-response";
import { askForReset } from "../operations";

export const POST = (request: Request) => respondJson(request, askForReset);
