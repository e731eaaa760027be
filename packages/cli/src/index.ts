/** Runs the `deltacat` command; resolves to the exit code. */
export async function main(args: string[]): Promise<number> {
  console.log(args.join(' '));
  return 0;
}
