import { answer } from "@/lib/web/json-response";
import { askForLink, showWaiting } from "../operations";

export const POST = (request: Request) => answer(request, askForLink);
export const GET = (request: Request) => answer(request, showWaiting);
