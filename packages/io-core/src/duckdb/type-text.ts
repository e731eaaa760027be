/** A type as DuckDB writes it, taken apart; the names of a struct's fields without their quotes. */
export type TypeText =
  | { kind: 'plain'; text: string }
  | { kind: 'list'; item: TypeText }
  | { kind: 'struct'; fields: ReadonlyMap<string, TypeText> }
  | { kind: 'map'; key: TypeText; value: TypeText };

/** Takes the text of a DuckDB type apart, such as `STRUCT(x BIGINT, "a b" VARCHAR)[]`. */
export function parseTypeText(text: string): TypeText {
  const [, item] = /^([\s\S]*)\[\d*\]$/.exec(text) ?? [];
  if (item !== undefined) return { kind: 'list', item: parseTypeText(item) };
  const [, kind, inner = ''] = /^(STRUCT|MAP)\(([\s\S]*)\)$/.exec(text) ?? [];
  const parts = splitParts(inner);
  if (kind === 'STRUCT') return { kind: 'struct', fields: new Map(parts.map(parseField)) };
  const [key, value] = parts;
  if (kind !== 'MAP' || key === undefined || value === undefined) return { kind: 'plain', text };
  return { kind: 'map', key: parseTypeText(key), value: parseTypeText(value) };
}

function parseField(text: string): [string, TypeText] {
  const [, name = '', type = ''] = /^("(?:[^"]|"")*"|\S+) ([\s\S]*)$/.exec(text) ?? [];
  const bare = name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
  return [bare, parseTypeText(type)];
}

/** Splits at the commas that stand in no parentheses and no quoted name. */
function splitParts(text: string): string[] {
  const parts: string[] = [];
  let [start, depth, isQuoted] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') isQuoted = !isQuoted;
    if (isQuoted) continue;
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character !== ',' || depth > 0) continue;
    parts.push(text.slice(start, at).trim());
    start = at + 1;
  }
  return [...parts, text.slice(start).trim()];
}
