import { answer } from "@/lib/web/json-response";
import { askForReset } from "../operations";

export const POST = (request: Request) => answer(request, askForReset);
