import { answer } from "@/lib/web/json-response";
import { connectAuthProvider } from "../../operations";

export const POST = (request: Request) => answer(request, connectAuthProvider);
