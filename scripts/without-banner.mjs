/**
 * Loaded before Next's server: leaves out its banner, which names the bound address. The launcher
 * prints the public one.
 */
import { format, stripVTControlCharacters } from "node:util";

const banner = /^(▲ Next\.js|✓ (Ready in|Running next\.config)|- (Local|Network):)/;

const { log } = console;
let isBefore = true;
console.log = (...args) => {
  const text = stripVTControlCharacters(format(...args)).trim();
  const isBanner = banner.test(text) || (isBefore && text === "");
  if (text.startsWith("✓ Ready in")) isBefore = false;
  if (!isBanner) log(...args);
};
