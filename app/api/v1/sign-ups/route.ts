import { respondJson } from "@/lib/web/json-response";
import { signUp } from "../operations";

export const POST = (request: Request) => respondJson(request, signUp);
