import { readFileSync } from "node:fs";
import { Crowd } from "./support/crowd";
import { FaultRig, rotation } from "./support/fault-rig";
import { buildCopy } from "./support/project-copy";
import type { Server, ServerOptions } from "./support/server";
import { SmtpInbox } from "./support/smtp-inbox";
import { expect, test as base } from "./support/test";

/**
 * Two processes behind a balancer, on one Postgres and one Redis, are replaced one after the other while
 * people sign in by each method. They are not led around the process that ends.
 */

interface WorkerFixtures {
  rig: FaultRig;
  server: Server;
}

const test = base.extend<{ crowd: Crowd; invariants: null }, WorkerFixtures>({
  rig: [
    async ({ database }, use) => {
      const rig = await FaultRig.start(database, 2);
      await use(rig);
      await rig.stop();
    },
    { scope: "worker" },
  ],
  server: [async ({ rig }, use) => use(rig.servers[0]!), { scope: "worker" }],
  invariants: async ({ db }, use) => {
    await use(null);
    expect(await db.violations(), "violations in the tables").toEqual([]);
  },
  crowd: async ({ rig, db }, use) => {
    const outputSince = rig.followOutput();
    const crowd = new Crowd({ rig, db, inbox: new SmtpInbox(rig.mail) });
    await use(crowd);
    await crowd.end();
    const signedIn = await crowd.checkSessions();
    expect(crowd.failures, `what went wrong for ${signedIn} people`).toEqual([]);
    const errors = outputSince().filter((logLine) => /"level":"(error|fatal)"|^\s*⨯/.test(logLine));
    expect(errors, "errors in the log").toEqual([]);
  },
});

/**
 * Replaces both processes in turn. Before each, people begin at the process that will end, and the mail
 * server is down: the other process sends their letters, and they finish at any process.
 */
async function roll(
  rig: FaultRig,
  crowd: Crowd,
  next: Pick<ServerOptions, "project" | "settings">,
): Promise<void> {
  for (const at of rig.servers.keys()) {
    const ready = await crowd.prepare();
    rig.mail.failWith("greeting", { says: 421 });
    rig.mail.disconnect();
    rig.balancer.serve([rig.servers[at]!.port]);
    const open = await crowd.open(ready);
    rig.serveAll();
    await rig.replace(at, next, async () => {
      rig.mail.recover();
      await Promise.all(open.map((flow) => crowd.finish(flow)));
    });
    await crowd.wholeRounds();
  }
}

test.describe("while people sign in by each method", { tag: "@long" }, () => {
  test("a deploy of the next build, and of the one before again, loses nobody", async ({
    rig,
    crowd,
  }) => {
    const css = `${readFileSync("app/keyline.css", "utf8")}\n.next-build { color: red; }\n`;
    const { project, remove } = await buildCopy({ files: { "app/keyline.css": css } });
    await crowd.start();
    await roll(rig, crowd, { project });
    await roll(rig, crowd, {});
    remove();
  });

  test("a rotation of all keys loses nobody", async ({ rig, crowd }) => {
    await crowd.start();
    await roll(rig, crowd, { settings: rotation.accepted });
    await roll(rig, crowd, { settings: rotation.current });
    await roll(rig, crowd, { settings: rotation.finished });
  });
});
