import { answer } from "@/lib/web/answer";
import { showAuthProviders } from "../operations";

export const GET = (request: Request) => answer(request, showAuthProviders);
