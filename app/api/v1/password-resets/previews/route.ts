import { answer } from "@/lib/web/answer";
import { previewReset } from "../../operations";

export const POST = (request: Request) => answer(request, previewReset);
