import { answer } from "@/lib/web/answer";
import { previewLink } from "../../operations";

export const POST = (request: Request) => answer(request, previewLink);
