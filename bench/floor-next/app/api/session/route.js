import { readSession } from "../../../session";

export const GET = async () => Response.json({ session: await readSession() });
