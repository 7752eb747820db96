import { respondJson } from "@/lib/web/json-response";
import { endOtherSessions, showSessions, signIn } from "../operations";

export const POST = (request: Request) => respondJson(request, signIn);
export const GET = (request: Request) => respondJson(request, showSessions);
export const DELETE = (request: Request) => respondJson(request, endOtherSessions);
