/** Empty, but here: otherwise Next looks in the folders above and finds Latchkey's. */
export function register() {}
