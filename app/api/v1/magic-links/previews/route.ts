import { answer } from "@/lib/web/json-response";
import { previewLink } from "../../operations";

export const POST = (request: Request) => answer(request, previewLink);
