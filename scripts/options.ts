import { parseArgs, type ParseArgsConfig } from "node:util";
import { Failure } from "./run.mjs";

/** The options of a command. Throws `Failure` for an unknown one. */
export function readOptions<const Options extends NonNullable<ParseArgsConfig["options"]>>(
  args: string[],
  options: Options,
) {
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw error instanceof TypeError ? new Failure(error.message) : error;
  }
}
