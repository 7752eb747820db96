/**
 * Loaded before Next's server: leaves out its banner, which names the bound address. The launcher
 * prints the public one. Everything after the banner passes.
 */
import { format, stripVTControlCharacters } from "node:util";

const { log } = console;
console.log = (...args) => {
  const text = stripVTControlCharacters(format(...args)).trim();
  if (text.startsWith("✓ Ready in")) console.log = log;
  else if (!/^(▲|✓|- (Local|Network):|$)/.test(text)) log(...args);
};
