import { answer } from "@/lib/web/answer";
import { connectAuthProvider } from "../../operations";

export const POST = (request: Request) => answer(request, connectAuthProvider);
