/** A count and what it counts, in the right number: "1 file", "2 files". */
export function counted(count: number | null | undefined, one: string, many = `${one}s`): string {
  return `${count ?? 0} ${count === 1 ? one : many}`;
}
