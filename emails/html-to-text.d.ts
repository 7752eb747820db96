/** The part of the package that is used here: it has no types. */
declare module "html-to-text" {
  interface Selector {
    readonly selector: string;
    readonly format?: string;
    readonly options?: object;
  }
  /** Returns a function that makes text of HTML. Making it takes ten times as long as a call. */
  export function compile(options: {
    readonly wordwrap: false;
    readonly selectors: readonly Selector[];
  }): (html: string) => string;
}
