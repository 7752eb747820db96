/** better-auth on Node's own HTTP server, with a sign-in page and a signed-in page in plain HTML. */
import { createServer } from "node:http";
import { hash, verify } from "@node-rs/argon2";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { fromNodeHeaders, toNodeHandler } from "better-auth/node";
import { magicLink } from "better-auth/plugins";
import { createTransport } from "nodemailer";
import { Pool } from "pg";

const { PORT, DATABASE_URL, AUTH_URL, AUTH_SECRET, SMTP_URL, ARGON2 } = process.env;
const transport = createTransport({ url: SMTP_URL, pool: true });
const argon2 = JSON.parse(ARGON2);

const auth = betterAuth({
  baseURL: AUTH_URL,
  secret: AUTH_SECRET,
  database: new Pool({ connectionString: DATABASE_URL }),
  emailAndPassword: {
    enabled: true,
    password: {
      hash: (password) => hash(password, argon2),
      verify: ({ hash: stored, password }) => verify(stored, password),
    },
  },
  plugins: [
    magicLink({
      sendMagicLink: async ({ email, url }) => {
        await transport.sendMail({
          from: "better-auth <no-reply@example.com>",
          to: email,
          subject: "Sign in",
          text: `Sign in: ${url}`,
          html: `<p><a href="${url.replaceAll("&", "&amp;")}">Sign in</a></p>`,
        });
      },
    }),
  ],
  // Latchkey does not limit its session check either; all other limits are the default ones.
  rateLimit: { customRules: { "/get-session": false } },
});

if (process.argv.includes("--migrate")) {
  const { runMigrations } = await getMigrations(auth.options);
  await runMigrations();
  process.exit();
}

const signInPage = page(`<form method="post" action="/api/auth/sign-in/email">
  <input type="email" name="email"><input type="password" name="password"><button>Sign in</button>
</form>`);
const handle = toNodeHandler(auth);

createServer((request, response) => {
  if (request.url.startsWith("/api/auth/")) return handle(request, response);
  void htmlFor(request).then((html) =>
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(html),
  );
}).listen(Number(PORT), "127.0.0.1");

async function htmlFor(request) {
  if (request.url === "/sign-in") return signInPage;
  const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
  return page(`<p>${session ? session.user.email : "Nobody is signed in."}</p>`);
}

function page(content) {
  return `<!doctype html><html lang="en"><title>better-auth</title><body>${content}</body></html>`;
}
