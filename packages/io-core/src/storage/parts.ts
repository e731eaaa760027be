/** A part of a file: from `offset` to before `end`. */
export interface Part {
  offset: number;
  end: number;
}

/** Parts in order, those that touch or lie within `gap` of each other as one: a request costs more than a few bytes. */
export function joinParts(parts: readonly Part[], gap = 0): Part[] {
  const joined: Part[] = [];
  for (const { offset, end } of [...parts].sort((a, b) => a.offset - b.offset)) {
    if (end <= offset) continue;
    const last = joined.at(-1);
    if (last !== undefined && offset <= last.end + gap) last.end = Math.max(last.end, end);
    else joined.push({ offset, end });
  }
  return joined;
}

/** What of some parts is not in others; both are joined before. */
export function lackingParts(wanted: readonly Part[], held: readonly Part[]): Part[] {
  const lacking: Part[] = [];
  for (const { offset, end } of joinParts(wanted)) {
    let at = offset;
    for (const part of joinParts(held)) {
      if (part.end <= at || part.offset >= end) continue;
      if (part.offset > at) lacking.push({ offset: at, end: part.offset });
      at = Math.max(at, part.end);
    }
    if (at < end) lacking.push({ offset: at, end });
  }
  return lacking;
}

/** Parts of at most some size. */
export function splitParts(parts: readonly Part[], bytes_max: number): Part[] {
  return parts.flatMap(({ offset, end }) =>
    Array.from({ length: Math.ceil((end - offset) / bytes_max) }, (_, index) => ({
      offset: offset + index * bytes_max,
      end: Math.min(end, offset + (index + 1) * bytes_max),
    })),
  );
}

/** How many bytes parts have together. */
export function sizeOfParts(parts: readonly Part[]): number {
  return parts.reduce((sum, { offset, end }) => sum + end - offset, 0);
}
