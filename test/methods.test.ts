import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { describe, expect, it, test } from "vitest";
import { methods, oauthMethods, registerMethod } from "@/lib/methods";
import { defineOAuthMethod } from "@/lib/methods/method";

const sources = ["app", "lib", "emails", "messages", "db"]
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`),
  )
  .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file));

const parse = (file: string) =>
  ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);

/** Every node of a file. */
function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  const children: ts.Node[] = [];
  node.forEachChild((child) => void children.push(child));
  for (const child of children) yield* nodesOf(child);
}

/**
 * - `lib/methods` and `app/_methods` are where methods differ.
 * - Auth.js' providers are configured by id, as each protocol has its own quirks.
 * - The seed of a development database writes rows of its own choice.
 */
const exempt = /^(lib\/methods\/|app\/_methods\/|lib\/web\/authjs\.ts$|db\/seed\.ts$)/;

/** Names that mean a method wherever they stand; the others are also fields, purposes and letters. */
const always = new Set(["google", "linkedin"]);
const names = new Set(methods().flatMap(({ id, storedName }) => [id as string, storedName]));
const quotedName = new RegExp(`'(${[...names].join("|")})'`);
const ofMethod = /^(provider|method|methods|storedName|last|lastMethod)$/;

/** The literals of a file that name a sign-in method, each with its line. */
function literalsIn(file: ts.SourceFile): string[] {
  const found: string[] = [];
  for (const node of nodesOf(file)) {
    const lineNumber = () => file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    if (ts.isTemplateLiteralToken(node) && quotedName.test(node.text))
      found.push(`${file.fileName}:${lineNumber()} SQL`);
    if (ts.isPropertyName(node) && ts.isIdentifier(node) && ts.isPropertyAssignment(node.parent)) {
      if (node.parent.name === node && always.has(node.text))
        found.push(`${file.fileName}:${lineNumber()} ${node.text}`);
    }
    if (!ts.isStringLiteralLike(node) || ts.isLiteralTypeNode(node.parent)) continue;
    if (always.has(node.text) || (names.has(node.text) && isDecision(node)))
      found.push(`${file.fileName}:${lineNumber()} ${node.text}`);
  }
  return found;
}

/** Whether a literal is compared with a method, looked for among methods, or given as one. */
function isDecision(literal: ts.StringLiteralLike): boolean {
  const { parent } = literal;
  if (ts.isBinaryExpression(parent))
    return ofMethod.test(lastName(parent.left === literal ? parent.right : parent.left));
  if (ts.isPropertyAssignment(parent)) return ofMethod.test(parent.name.getText());
  if (ts.isCaseClause(parent)) return ofMethod.test(lastName(parent.parent.parent.expression));
  if (!ts.isCallExpression(parent)) return false;
  const { expression } = parent;
  if (/^(requireMethod|isMissing|methodById|methodByStoredName)$/.test(lastName(expression)))
    return true;
  return (
    ts.isPropertyAccessExpression(expression) && ofMethod.test(lastName(expression.expression))
  );
}

const lastName = (node: ts.Expression): string =>
  ts.isPropertyAccessExpression(node) ? node.name.text : ts.isIdentifier(node) ? node.text : "";

describe("a sign-in method's id", () => {
  it("is decided upon as data, and nowhere named by a text", () => {
    const found = sources
      .filter((file) => !exempt.test(file))
      .flatMap((file) => literalsIn(parse(file)));
    expect(found).toEqual([]);
  });

  it.each([
    `if (provider === "email") drop();`,
    `const byLink = env.methods.includes("magic_link");`,
    `const flow = { method: "password" };`,
    `requireMethod("password");`,
    `const logos = { google: 1 };`,
    `const id = "linkedin";`,
    "const rows = sql`select 1 from auth_providers where provider = 'email'`;",
    "const row = sql`insert into auth_providers select id, 'email' from inserted`;",
    `switch (linked.provider) { case "magic_link": drop(); }`,
  ])("would be found in %s", (text) => {
    const file = ts.createSourceFile("example.ts", text, ts.ScriptTarget.Latest, true);
    expect(literalsIn(file)).toHaveLength(1);
  });

  it.each([
    `const link = { purpose: "magic_link" };`,
    `const field = { field: "password", name: "email" };`,
    `type Purpose = "magic_link" | "step_up";`,
  ])("is another thing in %s", (text) => {
    const file = ts.createSourceFile("example.ts", text, ts.ScriptTarget.Latest, true);
    expect(literalsIn(file)).toEqual([]);
  });
});

test("every OAuth provider is configured for Auth.js", () => {
  const file = parse("lib/web/authjs.ts");
  const configured = [...nodesOf(file)]
    .filter((node) => ts.isVariableDeclaration(node))
    .filter((node) => node.name.getText() === "authJsProviders")
    .flatMap(({ initializer }) =>
      initializer && ts.isObjectLiteralExpression(initializer) ? [...initializer.properties] : [],
    )
    .map(({ name }) => name?.getText());
  expect(configured).toEqual(oauthMethods().map(({ id }) => id));
});

test("a session begins in `completeSignIn` and nowhere else", () => {
  const callers = sources.filter((file) =>
    [...nodesOf(parse(file))].some(
      (node) => ts.isCallExpression(node) && lastName(node.expression) === "startSession",
    ),
  );
  expect(callers).toEqual(["lib/flows/shared/complete-sign-in.ts"]);
  const inserts = sources.filter((file) =>
    /insert into \$\{sessions\}|insert\(sessions\)/.test(readFileSync(file, "utf8")),
  );
  expect(inserts).toEqual(["lib/store/sessions.ts"]);
});

describe("the registry", () => {
  it("has no two methods with the same id, stored name or rank", () => {
    for (const fact of ["id", "storedName", "rank"] as const)
      expect(new Set(methods().map((method) => method[fact])).size).toBe(methods().length);
  });

  it("stores each method under a name that the database accepts", () => {
    for (const { storedName } of methods()) expect(storedName).toMatch(/^[a-z][a-z0-9_]{0,31}$/);
  });

  it("lists a registered method by its rank, until it is removed", () => {
    const method = defineOAuthMethod({
      id: "example",
      rank: 0,
      name: "Example",
      issuer: "https://example.com",
      isAuthoritativeFor: () => false,
      refusesInAppBrowsers: false,
    });
    const remove = registerMethod(method);
    expect(methods()[0]).toBe(method);
    remove();
    expect(methods()).not.toContain(method);
  });
});
