import { answer } from "@/lib/web/json-response";
import { endOtherSessions, showSessions, signIn } from "../operations";

export const POST = (request: Request) => answer(request, signIn);
export const GET = (request: Request) => answer(request, showSessions);
export const DELETE = (request: Request) => answer(request, endOtherSessions);
