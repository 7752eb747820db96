import { answer } from "@/lib/web/json-response";
import { previewReset } from "../../operations";

export const POST = (request: Request) => answer(request, previewReset);
