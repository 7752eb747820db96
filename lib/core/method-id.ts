declare const brand: unique symbol;

/**
 * The id of a sign-in method, in the environment and in flows. Only `lib/methods` makes one, so that no
 * other file can name a method by a text.
 */
export type MethodId = string & { readonly [brand]: true };
