import { answer } from "@/lib/web/answer";
import { askForProof } from "../../../operations";

export const POST = (request: Request) => answer(request, askForProof);
