/**
 * `node scripts/fake-provider.mjs google|linkedin`: a fake provider on this machine, for an app
 * without keys. Its page lets you choose a user without a password.
 *
 * AUTH_GOOGLE_ID and AUTH_GOOGLE_SECRET (or the LinkedIn ones) set its client, and PORT its port; by
 * default it uses a free one. It sends its issuer to the process that forked it, or prints it.
 */
import "./node-version.mjs";
import { once } from "node:events";
import { createServer } from "node:http";
import { Failure, main } from "./run.mjs";
import { google } from "./fake-providers/google.mjs";
import { linkedin } from "./fake-providers/linkedin.mjs";

await main(async () => {
  const as = { google, linkedin }[process.argv[2]];
  if (!as) throw new Failure("Say which: node scripts/fake-provider.mjs google|linkedin");
  const client = clientOf(as);

  let listener;
  const server = createServer(async (request, response) => {
    // Loaded on the first request, because the app's start must not wait for it.
    listener ??= load(as, issuer, client);
    (await listener)(request, response);
  });
  const listening = once(server.listen(process.env.PORT ?? 0, "127.0.0.1"), "listening");
  await listening.catch(({ message }) => {
    throw new Failure(message);
  });
  const issuer = `http://127.0.0.1:${server.address().port}${as.path}`;
  if (process.send) serveParent(issuer);
  else console.log(issuer);
});

function clientOf({ id: provider }) {
  const prefix = `AUTH_${provider.toUpperCase()}`;
  const { [`${prefix}_ID`]: id, [`${prefix}_SECRET`]: secret } = process.env;
  if (!id || !secret) throw new Failure(`Set ${prefix}_ID and ${prefix}_SECRET.`);
  return { id, secret };
}

async function load(as, issuer, client) {
  // oidc-provider prints warnings for production use.
  console.info = console.warn = () => {};
  const { createFakeProvider } = await import("./fake-providers/provider.mjs");
  return createFakeProvider(as, issuer, client);
}

function serveParent(issuer) {
  process.once("disconnect", () => process.exit());
  // Ctrl-C reaches every process of a terminal, and systemd signals a whole group. The launcher
  // ends this one after the server.
  for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"]) process.on(signal, () => {});
  process.send({ issuer });
}
