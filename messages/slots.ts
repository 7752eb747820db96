/**
 * The slots of an ICU message, read from its text by the compiler: `{name}` takes a text,
 * `{n, plural, …}` a number, `{x, select, a {…} other {…}}` one of its options, `<tag>…</tag>` markup.
 */

/** Every slot as a pair of its name and what it takes. */
type Pairs<Text extends string> = InText<Text, [], never>;

/**
 * Reads text up to the next brace. An opening one begins an argument; a closing one ends an option of
 * the innermost plural or select. `Open` names the selects that are open, `null` for a plural.
 */
type InText<
  Text extends string,
  Open extends (string | null)[],
  Found,
> = Text extends `${infer Before}{${infer After}`
  ? Before extends `${string}}${string}`
    ? Text extends `${string}}${infer Rest}`
      ? InOptions<Rest, Open, Found>
      : never
    : After extends `${infer Argument}}${infer Rest}`
      ? Argument extends `${infer Name}, plural, ${string}`
        ? After extends `${string}, plural, ${infer Options}`
          ? InOptions<Options, [null, ...Open], Found | [Name, number]>
          : never
        : Argument extends `${infer Name}, select, ${string}`
          ? After extends `${string}, select, ${infer Options}`
            ? InOptions<Options, [Name, ...Open], Found>
            : never
          : InText<Rest, Open, Found | [Argument, string]>
      : never
  : Text extends `${string}}${infer Rest}`
    ? InOptions<Rest, Open, Found>
    : Found;

/** Reads between the options of a plural or select, up to the next one or the end of the argument. */
type InOptions<
  Text extends string,
  Open extends (string | null)[],
  Found,
> = Text extends `${infer Before}{${infer After}`
  ? Before extends `${string}}${string}`
    ? Text extends `${string}}${infer Rest}`
      ? InText<Rest, Outer<Open>, Found>
      : never
    : InText<After, Open, Found | Option<Open, Before>>
  : Text extends `${string}}${infer Rest}`
    ? InText<Rest, Outer<Open>, Found>
    : Found;

type Option<Open, Before extends string> = Open extends [infer Name extends string, ...unknown[]]
  ? [Name, Trimmed<Before>]
  : never;

type Outer<Open extends unknown[]> = Open extends [unknown, ...infer Rest extends (string | null)[]]
  ? Rest
  : [];

type Trimmed<Text extends string> = Text extends ` ${infer Rest}`
  ? Trimmed<Rest>
  : TrimmedEnd<Text>;
type TrimmedEnd<Text extends string> = Text extends `${infer Rest} ` ? TrimmedEnd<Rest> : Text;

/** What a message has to be given, by the names of its slots. */
export type Slots<Text extends string> = {
  readonly [Name in Pairs<Text>[0]]: Extract<Pairs<Text>, [Name, unknown]>[1];
};

/** The names of its tags. */
export type Tags<Text extends string> = Text extends `${string}<${infer Tag}>${infer Rest}`
  ? (Tag extends `/${string}` ? never : Tag) | Tags<Rest>
  : never;
