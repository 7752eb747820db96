import { answer } from "@/lib/web/answer";
import { signUp } from "../operations";

export const POST = (request: Request) => answer(request, signUp);
