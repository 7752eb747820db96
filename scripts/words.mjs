import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import ts from "typescript";

/**
 * Refuses words that the project once used where the field has a standard one, so that they do not
 * come back. Run as `npm run check:words`, or with the names of files.
 */

/** Not allowed anywhere: code, comments, tests, documents, messages. What to say is beside it. */
const everywhere = [
  [/\bstillborn\b/i, "decoy, isDecoy"],
  [/\bparked\b|\bpark(s|ing)?\b (?=identit)/i, "pending identity"],
  [/(?<!TLS |tls )\bhandshakes?\b/i, "OAuth attempt"],
  [/\b(un)?vouch\w*/i, "email assurance; same-origin check"],
  [/\bways? in\b(?! which| that)/i, "sign-in method"],
  [/(?<!round[ -])\btrips?\b/i, "OAuth attempt"],
  [/\bborn dead\b/i, "withheld"],
  [/\bplanted\b/i, "written by an attacker; unverified"],
  [/\b(re)?weigh(s|ed|ing)?\b/i, "check the strength"],
  [/\bmailbox proofs?\b|\bproofs? of (the|a) mailbox\b/i, "email verification"],
  [/\bdevice marks?\b|\bmarked (device|browser)s?\b/i, "known device"],
  [/\bstand-ins?\b/i, "fake provider"],
  [/\bway[- ]?backs?\b/i, "callback; down migration"],
  [/\bborn\b/i, "created"],
  [/\b(bury|buried)\b/i, "mark as dead"],
  [/\banew\b/i, "again; from the start"],
  [/\bfor ever\b/i, "forever; indefinitely"],
  [/\bset(s|ting)? out\b/i, "start"],
  [/\bthe house\b|\bhouse (rule|test)s?\b/i, "the project; the architecture test"],
  [
    /\b(JSON|HTML|other|every|each|which|the|all|of) faces?\b|\bfaces\b/i,
    "JSON API; pages; entry points",
  ],
  [/\bnouns?\b/i, "store"],
  [/\brooms?\b/i, "layer; folder"],
  [/\bsay(s|ing)? no\b/i, "refuse; reject"],
  [/\bturn(s|ed|ing)? away\b/i, "reject"],
  [/\bsigned up unproven\b/i, "signed up unverified"],
];

/** Not allowed as identifiers: ordinary words that had several meanings. */
const identifiers = new Set(
  `alike chance evidence handover handOver grant provenAgo concerns giveBack receipt take taken
  overLimit overLoud markedDevice askingDigest asking ran patience abandon afterwards isDatabaseAway
  ringCourier ring rung openLine line lines weigh weighed kept keep leave leaves front answer answers
  prove proof proven proofs theWorld settle takeUser takeAccount findUserAlone handshake handshakes trip
  parked questioned planted arrived letIn whose vouching intent wayIn ways way spend spent claim bury over
  trouble hear wrongs judged guessable ownWords either sayNo sayDone goOn say hand perform interrupt
  interrupted turnAway installFront leaveFor onward site onlyWith theTime setOut arrive turnBack words gate
  lacks sound cheap but plant age press enters joins travel comeBack`.split(/\s+/),
);

const isText = /\.(ts|tsx|mjs|js|cjs|md|css|json|jsonc|ya?ml)$|\.env\.example$/;
const isCode = /\.(ts|tsx|mjs|js|cjs)$/;
/**
 * Migrations and their test have the names of their time, records of decisions tell history, and this file
 * names the words.
 */
const isExempt =
  /^(package-lock\.json|db\/migrat|scripts\/words\.mjs|docs\/decisions\/|CHANGELOG\.md|bench\/floor-next\/)/;

/** What is wrong in a file, one line each. */
export function wrongWords(file, text) {
  const lineOf = (at) => text.slice(0, at).split("\n").length;
  const found = everywhere.flatMap(([pattern, instead]) =>
    [...text.matchAll(new RegExp(pattern.source, `${pattern.flags}g`))].map(
      ({ 0: word, index }) => `${file}:${lineOf(index)}: "${word}" (say: ${instead})`,
    ),
  );
  if (isCode.test(file)) {
    const source = ts.createSourceFile(
      file,
      text,
      ts.ScriptTarget.Latest,
      true,
      file.endsWith("x") ? ts.ScriptKind.TSX : undefined,
    );
    const visit = (node) => {
      if ((ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) && isOurs(node))
        if (identifiers.has(node.text.replace("#", "")))
          found.push(`${file}:${lineOf(node.getStart())}: identifier "${node.text}"`);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

/** A member of something of the platform or a library keeps its name: `page.keyboard.press`. */
const isOurs = (node) =>
  !(
    ts.isPropertyAccessExpression(node.parent) &&
    node.parent.name === node &&
    isForeign(node.parent)
  );
const isForeign = ({ expression }) =>
  /\b(keyboard|locator|page)\b|getBy\w+\(|getLineAndCharacterOfPosition/i.test(
    expression.getText(),
  );

function main(names) {
  const files = names.length
    ? names
    : execFileSync("git", ["ls-files", "-z"], { encoding: "utf8" }).split("\0");
  const found = files
    .filter((file) => file && isText.test(file) && !isExempt.test(file) && existsSync(file))
    .flatMap((file) => wrongWords(file, readFileSync(file, "utf8")));
  for (const line of found) console.error(line);
  if (found.length > 0) {
    console.error(`${found.length} words that this project does not use; see scripts/words.mjs.`);
    process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main(process.argv.slice(2));
