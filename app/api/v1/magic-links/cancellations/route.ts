import { answer } from "@/lib/web/answer";
import { cancelLink } from "../../operations";

export const POST = (request: Request) => answer(request, cancelLink);
