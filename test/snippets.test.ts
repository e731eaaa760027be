import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import {
  type Block,
  findProblems,
  mask,
  type Program,
  readBlocks,
  splitOutput,
  toPrograms,
  toText,
} from './snippets/blocks.ts';
import { addressed, interpreter, ROOT, runFile } from './snippets/run.ts';

const PAGES = ['*.md', 'docs/**/*.md'];
const RUN_TIMEOUT_MS = 300_000;

/** Below the checkout, so that `import '@deltacat/client'` and `npx deltacat` find it; `dist` is ignored by git and Biome. */
mkdirSync(join(ROOT, 'dist'), { recursive: true });
const folder = mkdtempSync(join(ROOT, 'dist/snippets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pages = globSync(PAGES, { cwd: ROOT }).map((path) => {
  const blocks = readBlocks(readFileSync(join(ROOT, path), 'utf8'));
  return { path, blocks, programs: toPrograms(blocks) };
});

test('there are pages with examples', () => {
  expect(pages.flatMap(({ blocks }) => blocks).length).toBeGreaterThan(0);
});

test.each(pages)('every block of $path says what is done with it', ({ blocks }) => {
  expect(findProblems(blocks)).toEqual([]);
});

test('TypeScript examples compile', { timeout: RUN_TIMEOUT_MS }, async () => {
  const typed = pages.flatMap(({ path, programs }) => programs.filter(isTypeScript).map((each) => fileOf(path, each)));
  if (typed.length === 0) return;
  for (const { file, text } of typed) write(file, text);
  const config = join(folder, 'tsconfig.json');
  const compilerOptions = { noEmit: true, moduleDetection: 'force' };
  const files = typed.map(({ file }) => file);
  write(config, JSON.stringify({ extends: join(ROOT, 'tsconfig.options.json'), compilerOptions, files }));
  await runFile([process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), '-p'], config);
});

describe.each(pages.filter(({ programs }) => programs.some(({ run }) => run)))('$path', ({ path, programs }) => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServerProcess();
  }, RUN_TIMEOUT_MS);
  afterAll(() => server?.stop());

  const cases = programs
    .filter(({ run }) => run)
    .map((program) => ({ ...program, line: program.parts[0]?.block.line }));
  test.for(cases)(
    '$language at line $line does what it shows',
    { timeout: RUN_TIMEOUT_MS },
    async (program, { skip }) => {
      const command = interpreter(program.language);
      if (!command) return skip(`no ${program.language} here: set DELTACAT_PYTHON to one with deltacat-client`);
      const { file, text } = fileOf(path, program);
      write(file, addressed(text, server.url));
      const printed = splitOutput(await runFile(command, file), program);
      for (const [index, { output }] of program.parts.entries()) {
        if (output) expect(mask(printed[index] ?? ''), `output at line ${output.line}`).toBe(mask(output.text));
      }
    },
  );
});

/** A page's programs share a folder, so that one finds the files of another. */
function fileOf(page: string, program: Program): { file: string; text: string } {
  const name = `line-${program.parts[0]?.block.line}.${program.language}`;
  return { file: join(folder, page, name), text: toText(program) };
}

function isTypeScript({ language }: Program): boolean {
  return language === 'ts';
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

describe('the reading of pages', () => {
  const fence = '```';
  const page = (...parts: [info: string, text: string][]) =>
    parts.map(([info, text]) => `Words.\n\n${fence}${info}\n${text}\n${fence}\n`).join('\n');
  const problems = (...parts: [info: string, text: string][]) => findProblems(readBlocks(page(...parts)));

  test('a block that nobody runs must say why', () => {
    expect(problems(['ts', 'f()'])).toEqual(['line 4: say run, output or skip=reason']);
    expect(problems(['python skip=', 'f()'])).toHaveLength(1);
    expect(problems(['sh skip=needs a cluster', 'run-it']), 'with a reason').toEqual([]);
    expect(problems(['text', 'anything'])).toEqual([]);
  });

  test('Python comes last, because not every machine has the client', () => {
    expect(problems(['python run', 'f()'], ['sh run', 'g'])).toHaveLength(1);
    expect(problems(['sh run', 'g'], ['python run', 'f()'], ['text output', '1'], ['python run', 'h()'])).toEqual([]);
  });

  test('an output needs a block that prints it', () => {
    expect(problems(['text output', '1'])).toHaveLength(1);
    expect(problems(['sh run', 'echo 1'], ['text output', '1'])).toEqual([]);
  });

  test('JSON must be JSON', () => {
    expect(problems(['json', '{"a": }'])).toEqual(['line 4: no valid JSON']);
  });

  test('an unclosed block is an error', () => {
    expect(() => readBlocks(`${fence}sh run\necho`)).toThrow('line 2 is never closed');
  });

  test('a block inside a list loses its indentation, and a longer fence holds shorter ones', () => {
    expect(readBlocks(`- a\n  ${fence}sh run\n  ls\n    -a\n  ${fence}`)[0]?.text).toBe('ls\n  -a');
    expect(readBlocks(`${fence}${fence}md\n${fence}\n${fence}\n${fence}${fence}`)).toHaveLength(1);
  });

  test('blocks that go on are one program with the lines of the page', async () => {
    const blocks: Block[] = readBlocks(page(['sh run', 'A=1'], ['sh run more', 'echo $A'], ['text output', '1']));
    const [program, ...others] = toPrograms(blocks);
    if (!program) throw new Error('no program');
    expect(others).toEqual([]);
    expect(toText(program).split('\n')[9]).toBe('echo $A');
    const file = join(folder, 'more.sh');
    write(file, toText(program));
    expect(splitOutput(await runFile(['bash'], file), program)).toEqual(['', '1\n']);
  });

  test('what differs from run to run is masked', () => {
    expect(mask('took 12.5 ms, id 0190a1b2-7d5e-7c3a-9c1f-1234567890ab')).toBe(
      mask('took 3 s, id 5c9f3a2e-0000-4000-8000-000000000000'),
    );
    expect(mask('{"committed_at": 1750000000000000001, "rows": 3}')).toBe(
      mask('{ "committed_at": 1760000000000000002,\n "rows": 3 }'),
    );
    expect(mask('3 rows')).not.toBe(mask('4 rows'));
  });
});
