import { answer } from "@/lib/web/json-response";
import { prove } from "../../operations";

export const POST = (request: Request) => answer(request, prove);
