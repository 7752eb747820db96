import { answer } from "@/lib/web/answer";
import { prove } from "../../operations";

export const POST = (request: Request) => answer(request, prove);
