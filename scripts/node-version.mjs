/** Imported first: an old Node must print this error before it reaches newer syntax or APIs. */
const [major, minor] = process.versions.node.split(".").map(Number);

if (!(major >= 24 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19))) {
  console.error(`Latchkey needs Node 20.19, 22.12 or 24. This is ${process.version}.`);
  process.exit(1);
}
