import { DrizzleAdapter } from "@auth/drizzle-adapter";
import { drizzle } from "drizzle-orm/postgres-js";
import NextAuth from "next-auth";
import Nodemailer from "next-auth/providers/nodemailer";
import postgres from "postgres";

const { DATABASE_URL, SMTP_URL } = process.env;

/** With an adapter, Auth.js stores sessions in the database unless told otherwise. */
export const { handlers, auth, signIn } = NextAuth({
  adapter: DrizzleAdapter(drizzle(postgres(DATABASE_URL))),
  providers: [Nodemailer({ server: SMTP_URL, from: "Auth.js <no-reply@example.com>" })],
  pages: { signIn: "/sign-in" },
});
