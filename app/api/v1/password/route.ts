import { answer } from "@/lib/web/json-response";
import { choosePassword, dropPassword, showPassword } from "../operations";

export const GET = (request: Request) => answer(request, showPassword);
export const PUT = (request: Request) => answer(request, choosePassword);
export const DELETE = (request: Request) => answer(request, dropPassword);
