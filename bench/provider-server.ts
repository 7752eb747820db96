/**
 * Scripted Google and LinkedIn servers in a separate process, because their CPU time is not measured.
 * `login_hint` names the user that `authorize` signs in. The parent process gets the settings.
 */
import type { ServerResponse } from "node:http";
import { startOidcServer } from "@/test/support/oidc-server";

type Person = Readonly<Record<string, unknown>>;

process.once("disconnect", () => process.exit());
const [google, linkedin] = await Promise.all([serve("google"), serve("linkedin")]);
process.send!({ google, linkedin });

async function serve(quirks: "google" | "linkedin") {
  const { script, person, requests, settings } = await startOidcServer({ quirks });
  const byCode = new Map<string, Person>();
  const byToken = new Map<string, Person>();
  /** The current request. Clears the server's list of requests, which would grow without bound. */
  const currentRequest = () => {
    const last = requests.at(-1)!;
    requests.length = 0;
    return last;
  };
  const respondJson = (response: ServerResponse, body: unknown) =>
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));

  script.authorize = async (response, usual) => {
    const { login_hint: hint = "{}" } = currentRequest().params;
    const { location = "" } = await usual();
    byCode.set(new URL(location).searchParams.get("code")!, JSON.parse(hint) as Person);
    response.writeHead(302, { location }).end();
  };
  script.token = async (response, usual) => {
    const { code = "" } = currentRequest().params;
    const who = byCode.get(code)!;
    byCode.delete(code);
    // Assigned before the first await, because other sign-ins may run at the same time.
    Object.assign(person, who);
    const { body } = await usual();
    byToken.set((body as { access_token: string }).access_token, who);
    respondJson(response, body);
  };
  script.userinfo = (response) => {
    const token = (currentRequest().authorization ?? "").replace(/^Bearer /, "");
    respondJson(response, byToken.get(token));
    byToken.delete(token);
  };
  return settings;
}
