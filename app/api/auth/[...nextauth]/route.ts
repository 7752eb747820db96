import type { NextRequest } from "next/server";
import { openDoor } from "@/lib/auth";
import { nothingHere } from "@/lib/web/answer";

const door = async (request: NextRequest) => (await openDoor(request)) ?? nothingHere();

export { door as GET, door as POST };
