import { answer } from "@/lib/web/answer";
import { askForReset } from "../operations";

export const POST = (request: Request) => answer(request, askForReset);
