import { answer } from "@/lib/web/json-response";
import { signUp } from "../operations";

export const POST = (request: Request) => answer(request, signUp);
