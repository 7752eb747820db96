declare module "html-to-text" {
  interface Selector {
    readonly selector: string;
    readonly format?: string;
    readonly options?: object;
  }
  /** Returns a function that makes text of HTML. It is made once: that takes ten times as long. */
  export function compile(options: {
    readonly wordwrap: false;
    readonly selectors: readonly Selector[];
  }): (html: string) => string;
}
