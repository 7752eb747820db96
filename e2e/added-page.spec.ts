import { rmSync } from "node:fs";
import { Server } from "./support/server";
import { expect, test as base } from "./support/test";
import { buildCopy } from "./support/project-copy";

/** A page that a developer adds to Latchkey, with a client component and a server action. */
const files = {
  "app/dashboard/page.tsx": `import Link from "next/link";
import { Counter } from "./counter";

export default function Dashboard() {
  return (
    <main>
      <h1>Dashboard</h1>
      <Counter />
      <Link href="/dashboard/more">More</Link>
      <Link href="/sign-in">Sign in</Link>
    </main>
  );
}
`,
  "app/dashboard/more/page.tsx": `export default function More() {
  return <h1>More of it</h1>;
}
`,
  "app/dashboard/counter.tsx": `"use client";
import { useState } from "react";
import { greet } from "./actions";

export function Counter() {
  const [count, setCount] = useState(0);
  const [greeting, setGreeting] = useState("");
  return (
    <>
      <button onClick={() => setCount(count + 1)}>Count</button>
      <output>{count}</output>
      <button onClick={async () => setGreeting(await greet("Ada"))}>Greet</button>
      <p>{greeting}</p>
    </>
  );
}
`,
  "app/dashboard/actions.ts": `"use server";

export async function greet(name: string) {
  return \`Hello, \${name}\`;
}
`,
};

const test = base.extend<object, { build: { project: string }; server: Server }>({
  build: [
    async ({}, use) => {
      const { project, remove } = await buildCopy({ files });
      await use({ project });
      remove();
    },
    { scope: "worker" },
  ],
  server: [
    async ({ database, build: { project } }, use) => {
      const server = await Server.start({ databaseUrl: database.url, project });
      await use(server);
      await server.stop();
      rmSync(server.dataDir, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
});

test(
  "a page that a developer adds has Next's script, navigation and server actions",
  { tag: "@long" },
  async ({ ada, client }) => {
    const { page } = ada;
    const errors: string[] = [];
    page.on("console", (message) => errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(String(error)));
    await ada.open("/dashboard");
    await page.getByRole("button", { name: "Count" }).click();
    await expect(page.locator("output")).toHaveText("1");
    await page.getByRole("button", { name: "Greet" }).click();
    await expect(page.getByText("Hello, Ada")).toBeVisible();
    await page.evaluate(() => Object.assign(window, { stays: true }));
    await page.getByRole("link", { name: "More" }).click();
    await ada.seesTitle("More of it");
    expect(await page.evaluate(() => "stays" in window)).toBe(true);
    await page.goBack();
    // A link to one of Latchkey's pages loads a whole document.
    await page.getByRole("link", { name: "Sign in" }).click();
    await ada.seesTitle("Sign in to Latchkey");
    expect(await page.evaluate(() => "stays" in window)).toBe(false);
    await expect(page.locator('script[src^="/latchkey/_next/"]')).toHaveCount(0);
    expect(errors).toEqual([]);

    const { headers } = await client.get("/dashboard");
    expect(headers["content-security-policy"]).toMatch(
      /script-src 'nonce-[^']+' 'strict-dynamic';/,
    );
    expect(headers["content-security-policy"]).not.toContain("unsafe");
  },
);
