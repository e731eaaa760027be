/** One fenced block of a page. Its info string says what is done with it: `ts run`, `sh skip=needs a cluster`, `text output`. */
export interface Block {
  language: string;
  text: string;
  /** The line of the page on which the text begins. */
  line: number;
  run: boolean;
  /** The block goes on where the one before it in its language stopped: same program, same variables. */
  more: boolean;
  output: boolean;
  skip: string | undefined;
}

/** A program of a page: a block, those that continue it, and what each is expected to print. */
export interface Program {
  language: string;
  run: boolean;
  parts: { block: Block; output: Block | undefined }[];
}

const EXECUTABLE = ['sh', 'ts', 'python'];

/** Ends what a part prints, so that the output of one program can be told apart by its parts. */
const MARK = '@@end of the block at line';

const PRINT: Record<string, (text: string) => string> = {
  sh: (text) => `echo '${text}'`,
  ts: (text) => `;console.log('${text}');`,
  python: (text) => `print('${text}', flush=True)`,
};

/** The fenced blocks of a Markdown page, in order. */
export function readBlocks(page: string): Block[] {
  const blocks: Block[] = [];
  let open: { fence: string; indent: number; info: string; line: number; text: string[] } | undefined;
  for (const [index, line] of page.split('\n').entries()) {
    const [, indent = '', fence, info = ''] = /^(\s*)(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (open === undefined) {
      if (fence !== undefined) open = { fence, indent: indent.length, info, line: index + 2, text: [] };
    } else if (fence?.startsWith(open.fence) && info.trim() === '') {
      blocks.push(toBlock(open.info, { text: open.text.join('\n'), line: open.line }));
      open = undefined;
    } else {
      open.text.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)));
    }
  }
  if (open !== undefined) throw new Error(`the block at line ${open.line} is never closed`);
  return blocks;
}

function toBlock(info: string, place: { text: string; line: number }): Block {
  const [before = '', skip] = info.split(/\s+skip=/);
  const [language = '', ...words] = before.trim().split(/\s+/);
  const [run, more, output] = ['run', 'more', 'output'].map((word) => words.includes(word));
  return { ...place, language, run: run === true, more: more === true, output: output === true, skip: skip?.trim() };
}

/** What is wrong with the blocks of a page, as lines. A block that could be executed either is, or says why not. */
export function findProblems(blocks: Block[]): string[] {
  const firstPython = blocks.findIndex(({ language, run }) => language === 'python' && run);
  return blocks.flatMap((block, index) => {
    const { language, line, run, output, skip } = block;
    // Python runs only where the official client is installed: what comes after it must not count on it.
    if (run && language !== 'python' && firstPython >= 0 && index > firstPython)
      return [`line ${line}: is run after Python, which not every machine has; put Python last`];
    if (EXECUTABLE.includes(language) && !run && !output && !skip)
      return [`line ${line}: say run, output or skip=reason`];
    if (run && !EXECUTABLE.includes(language)) return [`line ${line}: cannot run "${language}"`];
    if (output && !blocks[index - 1]?.run) return [`line ${line}: the block before this output is not run`];
    if (language === 'json' && !skip && !isJson(block.text)) return [`line ${line}: no valid JSON`];
    return [];
  });
}

/** The programs of a page: those that run, and TypeScript that is only shown, since it must compile all the same. */
export function toPrograms(blocks: Block[]): Program[] {
  const programs: Program[] = [];
  for (const [index, block] of blocks.entries()) {
    if (!EXECUTABLE.includes(block.language) || block.output || (!block.run && block.language !== 'ts')) continue;
    const next = blocks[index + 1];
    const part = { block, output: next?.output ? next : undefined };
    const before = programs.findLast(({ language, run }) => language === block.language && run === block.run);
    if (block.more && before) before.parts.push(part);
    else programs.push({ language: block.language, run: block.run, parts: [part] });
  }
  return programs;
}

/** The text of a program. Every line has the number that it has on the page, so errors point at the page. */
export function toText({ language, parts }: Program): string {
  const lines: string[] = [];
  for (const { block } of parts) {
    while (lines.length < block.line - 1) lines.push('');
    lines.push(...block.text.split('\n'), PRINT[language]?.(`${MARK} ${block.line}`) ?? '');
  }
  return lines.join('\n');
}

/** What each part of a program printed. */
export function splitOutput(printed: string, { parts }: Program): string[] {
  let rest = printed;
  return parts.map(({ block }) => {
    const [output = '', ...after] = rest.split(`${MARK} ${block.line}\n`);
    rest = after.join('');
    return output;
  });
}

/** Printed text without what differs from run to run: ids, times, durations, addresses, JSON's spacing. */
export function mask(text: string): string {
  return compactJson(text)
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>')
    .replace(/\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})?/g, '<time>')
    .replace(/\b(?=[0-9a-z]*\d)[0-9a-z]{13,}\b/gi, '<id>')
    .replace(/\b\d+(\.\d+)? ?(ns|µs|us|ms|s|seconds?|minutes?)\b/g, '<duration>')
    .replace(/http:\/\/(127\.0\.0\.1|localhost):\d+/g, '<address>')
    .replace(/[ \t]+$/gm, '')
    .trim();
}

function compactJson(text: string): string {
  return isJson(text) ? JSON.stringify(JSON.parse(text)) : text;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
