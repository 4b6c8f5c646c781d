import { en } from "./en.ts";

export type Catalogue = typeof en;
export type MessageKey = keyof Catalogue;

type Holes<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Holes<Rest> : never;
type TextOf<Entry> = Entry extends string ? Entry : Entry extends { one: infer One; other: infer Other } ? (One & string) | (Other & string) : never;
type Names<Key extends MessageKey> = Holes<TextOf<Catalogue[Key]>> | (Catalogue[Key] extends string ? never : "count");
type Values<Key extends MessageKey> = [Names<Key>] extends [never] ? [] : [values: { [Name in Names<Key>]: string | number }];

const plural = new Intl.PluralRules("en");

/** The text of `key` in the reader's language, its holes filled. A missing value is a type error. */
export function t<Key extends MessageKey>(key: Key, ...[values]: Values<Key>): string {
  const entry: string | { one: string; other: string } = en[key];
  const filled = (values ?? {}) as Record<string, string | number>;
  const text = typeof entry === "string" ? entry : plural.select(Number(filled.count)) === "one" ? entry.one : entry.other;
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(filled[name]));
}
