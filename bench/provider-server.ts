/**
 * Google and LinkedIn, as scripted servers in a process of their own: what they sign and look up is
 * neither our work nor the browser's. Whoever asks at `authorize` comes back as the person that
 * `login_hint` names; the settings for ours go to the parent.
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
  /** The request that is being answered; each is kept by whoever made the server, and that adds up. */
  const asked = () => {
    const last = requests.at(-1)!;
    requests.length = 0;
    return last;
  };
  const say = (response: ServerResponse, body: unknown) =>
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));

  script.authorize = async (response, usual) => {
    const { login_hint: who = "{}" } = asked().params;
    const { location = "" } = await usual();
    byCode.set(new URL(location).searchParams.get("code")!, JSON.parse(who) as Person);
    response.writeHead(302, { location }).end();
  };
  script.token = async (response, usual) => {
    const { code = "" } = asked().params;
    const who = byCode.get(code)!;
    byCode.delete(code);
    // Read before the first wait, so that travellers at the same time keep their names.
    Object.assign(person, who);
    const { body } = await usual();
    byToken.set((body as { access_token: string }).access_token, who);
    say(response, body);
  };
  script.userinfo = (response) => {
    const token = (asked().authorization ?? "").replace(/^Bearer /, "");
    say(response, byToken.get(token));
    byToken.delete(token);
  };
  return settings;
}
