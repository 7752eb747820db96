// An app in Node that asks Latchkey who is signed in. Behind a proxy on the same origin.
import { createServer } from "node:http";

const latchkey = process.env.LATCHKEY ?? "http://127.0.0.1:3000"; // where it listens
const origin = process.env.ORIGIN ?? "http://localhost:3000"; // its AUTH_URL

/** The user of a request; null for nobody. */
async function userOf({ headers }) {
  const response = await fetch(`${latchkey}/check`, { headers: { cookie: headers.cookie ?? "" } });
  if (response.status === 401) return null;
  if (response.status !== 204) throw new Error(`/check: ${response.status}`);
  return {
    id: response.headers.get("remote-user"),
    email: decodeURIComponent(response.headers.get("remote-email")),
  };
}

async function respond(request) {
  const { method, url } = request;
  if (url.split("?")[0] !== "/") return [404, "The app has no such page.\n"];
  // Browsers send the cookie with forms of other ports of this host, too.
  if (method === "POST" && request.headers.origin !== origin) return [403, "Another site.\n"];
  const user = await userOf(request);
  if (user) return [200, `${method === "POST" ? "Saved for" : "Hello"} ${user.email}\n`];
  if (method === "POST") return [401, "Sign in first.\n"];
  return [302, "", { Location: `/sign-in?next=${encodeURIComponent(url)}` }];
}

createServer(async (request, response) => {
  const failed = [503, "Try again in a few seconds.\n", { "Retry-After": "5" }];
  const [status, text, headers] = await respond(request).catch(() => failed);
  const type = { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" };
  response.writeHead(status, { ...type, ...headers }).end(text);
}).listen(process.env.PORT ?? 4000, "127.0.0.1");
