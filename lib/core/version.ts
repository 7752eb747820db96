/**
 * The version of package.json, which the build must not contain as a whole: it names development packages.
 */
export const version = "0.2.0";
