import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkProject, type Manifest, type Rules } from './tidy/checks.ts';
import { readSource } from './tidy/source.ts';

/** Where source files are. */
const SOURCES = [
  'packages/*/src/**/*.{ts,tsx}',
  'packages/*/bin/*.js',
  'test/**/*.ts',
  'bench/**/*.ts',
  'scripts/**/*.ts',
  '*.ts',
];

const RULES: Rules = {
  lines_max: 400,
  function_lines_max: 60,
  parameters_max: 3,
  banned_names: ['utils', 'helpers', 'misc', 'common', 'shared', 'core', 'base', 'manager', 'impl', 'types'],
  packages: {
    contract: [],
    'io-core': ['contract'],
    client: ['contract', 'io-core'],
    server: ['contract', 'io-core'],
    cli: ['contract', 'io-core', 'client', 'server'],
  },
  /** Inside packages/server/src, highest first: a row imports rows below it, never its own row or one above. */
  layers: [
    ['index'],
    ['main'],
    ['http', 'mcp', 'loops'],
    ['operations'],
    ['workflows', 'maintenance', 'placement', 'training', 'health'],
    ['jobs'],
    ['transactions'],
    ['writes'],
    ['reads', 'history'],
    ['catalog'],
    ['commits'],
    ['auth'],
    ['snapshots'],
    ['roots', 'events'],
    ['context'],
    ['config', 'db', 'ids', 'version'],
  ],
  imports: [
    {
      module: /^node:/,
      within: 'packages/contract/src/',
      only: [],
      because: 'the contract also runs in browsers',
    },
    {
      module: /^(node:sqlite|pg)$/,
      within: 'packages/',
      only: ['packages/server/src/db/'],
      because: 'only db/ knows which database it is',
    },
    {
      module: /^kysely$/,
      within: 'packages/',
      only: ['packages/server/src/db/'],
      names: ['sql'],
      because: 'only db/ knows the dialect; elsewhere its types and `sql` are enough',
    },
    {
      module: /^(node:)?fs(\/promises)?$/,
      within: 'packages/io-core/src/',
      only: ['packages/io-core/src/storage/'],
      because: 'only storage/ touches bytes at rest',
    },
    {
      module: /^(node:)?fs(\/promises)?$/,
      within: 'packages/server/src/',
      only: ['packages/server/src/db/', 'packages/server/src/main.ts', 'packages/server/src/config.ts'],
      because: 'data goes through io-core, settings through config.ts',
    },
    {
      module: /^(node:)?fs(\/promises)?$/,
      within: 'packages/client/src/',
      only: [],
      because: 'data goes through io-core',
    },
  ],
  environment_only: ['packages/server/src/config.ts'],
};

const root = fileURLToPath(new URL('..', import.meta.url));

test('the project keeps the house rules', () => {
  const exclude = (path: string) => /(^|\/)(node_modules|dist)(\/|$)/.test(path);
  const paths = globSync(SOURCES, { cwd: root, exclude }).map((path) => path.replaceAll('\\', '/'));
  const manifests = globSync('packages/*/package.json', { cwd: root });
  expect(manifests.length).toBeGreaterThan(0);
  const violations = checkProject(
    {
      sources: paths.map((path) => readSource({ path, text: readFileSync(`${root}${path}`, 'utf8') })),
      manifests: manifests.map((path) => ({ ...JSON.parse(readFileSync(`${root}${path}`, 'utf8')), path })),
    },
    RULES,
  );
  expect(violations.join('\n')).toBe('');
});

function violations(files: Record<string, string>, manifests: Manifest[] = []): string[] {
  const sources = Object.entries(files).map(([path, text]) => readSource({ path, text }));
  return checkProject({ sources, manifests }, RULES);
}

const lines = (count: number) => 'void 0;\n'.repeat(count);

describe('a violation is caught', () => {
  const cases: { title: string; files: Record<string, string>; says: string }[] = [
    { title: 'a file of 401 lines', files: { 'test/long.ts': lines(401) }, says: '401 lines' },
    {
      title: 'a function of 62 lines',
      files: { 'scripts/long.ts': `const long = () => {\n${lines(60)}};\n` },
      says: 'long.ts:1: a function of 62 lines',
    },
    {
      title: 'a method of 62 lines',
      files: { 'scripts/long.ts': `class Long {\n  go() {\n${lines(60)}}\n}\n` },
      says: 'long.ts:2: a function of 62 lines',
    },
    { title: 'four parameters', files: { 'bench/many.ts': 'function f(a, b, c, d) {}' }, says: '4 parameters' },
    { title: 'a banned folder', files: { 'packages/client/src/utils/dates.ts': '' }, says: 'named "utils"' },
    { title: 'a banned file', files: { 'packages/client/src/types.ts': '' }, says: 'named "types"' },
    { title: 'a banned test file', files: { 'packages/client/src/core.test.ts': '' }, says: 'named "core"' },
    {
      title: 'an undocumented export',
      files: { 'packages/client/src/read.ts': '// no doc\nexport function read() {}' },
      says: 'read.ts:2: exported "read" has no doc comment',
    },
    {
      title: 'an undocumented export of a local name',
      files: { 'packages/client/src/read.ts': 'const read = 1;\nexport { read };' },
      says: 'exported "read"',
    },
    {
      title: 'an undocumented default export',
      files: { 'packages/client/src/read.ts': 'export default 1;' },
      says: 'exported "default"',
    },
    {
      title: 'an empty doc comment',
      files: { 'packages/client/src/read.ts': '/** */\nexport const read = 1;' },
      says: 'exported "read"',
    },
    {
      title: 'an import against the package arrows',
      files: { 'packages/io-core/src/scan.ts': "import type { Client } from '@deltacat/client';" },
      says: 'packages/io-core must not import packages/client',
    },
    {
      title: 'an import of the command',
      files: { 'packages/server/src/main.ts': "import { main } from 'deltacat';" },
      says: 'packages/server must not import packages/cli',
    },
    {
      title: 'an import out of a package by a path',
      files: { 'packages/client/src/read.ts': "import '../../contract/src/errors.ts';" },
      says: 'leaves its package by a path',
    },
    {
      title: 'an import upward between layers',
      files: { 'packages/server/src/reads/plan.ts': "import type { x } from '../writes/commit.ts';" },
      says: '"reads" imports "writes"',
    },
    {
      title: 'a re-export upward between layers',
      files: { 'packages/server/src/db/open.ts': "export { x } from '../context.ts';" },
      says: '"db" imports "context"',
    },
    {
      title: 'a lazy import sideways between layers',
      files: { 'packages/server/src/http/app.ts': "await import('../mcp/server.ts');" },
      says: '"http" imports "mcp"',
    },
    {
      title: 'an import type upward between layers',
      files: { 'packages/server/src/reads/plan.ts': "type X = import('../writes/commit.ts').X;" },
      says: '"reads" imports "writes"',
    },
    {
      title: 'a folder without a layer',
      files: { 'packages/server/src/stuff/a.ts': '' },
      says: '"stuff" has no place',
    },
    {
      title: 'an import cycle',
      files: {
        'packages/client/src/a.ts': "import './b.ts';",
        'packages/client/src/b.ts': "import './c.ts';",
        'packages/client/src/c.ts': "import type { a } from './a.ts';",
      },
      says: 'import cycle: packages/client/src/a.ts -> packages/client/src/b.ts -> packages/client/src/c.ts',
    },
    {
      title: 'a read of the environment',
      files: { 'packages/io-core/src/scan.ts': 'const home = process.env.HOME;' },
      says: 'scan.ts:1: reads the environment',
    },
    {
      title: 'a read of the environment through a destructured name',
      files: { 'packages/cli/src/main.ts': 'const { env } = process;' },
      says: 'reads the environment',
    },
    {
      title: 'a read of the environment through an import',
      files: { 'packages/cli/src/main.ts': "import { env } from 'node:process';" },
      says: 'reads the environment',
    },
    {
      title: 'a database outside db/',
      files: { 'packages/server/src/reads/plan.ts': "import { DatabaseSync } from 'node:sqlite';" },
      says: 'only db/ knows which database it is',
    },
    {
      title: 'a dialect outside db/',
      files: { 'packages/server/src/main.ts': "import { SqliteDialect, sql } from 'kysely';" },
      says: 'only db/ knows the dialect',
    },
    {
      title: 'files touched outside storage/',
      files: { 'packages/io-core/src/scan.ts': "import { readFile } from 'node:fs/promises';" },
      says: 'only storage/ touches bytes at rest',
    },
    {
      title: 'files touched by the server',
      files: { 'packages/server/src/writes/commit.ts': "await import('node:fs');" },
      says: 'data goes through io-core',
    },
    {
      title: 'a Node module in the contract',
      files: { 'packages/contract/src/values/json.ts': "import 'node:path';" },
      says: 'the contract also runs in browsers',
    },
  ];

  test.each(cases)('$title', ({ files, says }) => {
    expect(violations(files)).toEqual([expect.stringContaining(says)]);
  });

  test('a dependency against the package arrows', () => {
    const manifest = { path: 'packages/contract/package.json', dependencies: { '@deltacat/server': '0.1.0' } };
    expect(violations({ 'test/a.ts': '' }, [manifest])).toEqual([expect.stringContaining('must not depend on')]);
  });

  test('a package without arrows', () => {
    expect(violations({ 'test/a.ts': '' }, [{ path: 'packages/extra/package.json' }])).toEqual([
      expect.stringContaining('no place among the package arrows'),
    ]);
  });

  test('checking no file', () => {
    expect(violations({})).toEqual([expect.stringContaining('no source file was checked')]);
  });

  test('a file that does not parse', () => {
    expect(() => violations({ 'test/a.ts': 'const = 1' })).toThrow('test/a.ts does not parse');
  });
});

describe('what is fine passes', () => {
  const cases: { title: string; path: string; text: string }[] = [
    { title: 'the longest file', path: 'test/long.ts', text: lines(400) },
    { title: 'a long describe', path: 'test/a.test.ts', text: `describe.each([1])('a', () => {\n${lines(90)}});` },
    { title: 'a documented export', path: 'packages/client/src/a.ts', text: '/** Reads. */\nexport const a = 1;' },
    {
      title: 'a type beside its documented value',
      path: 'packages/contract/src/a.ts',
      text: '/** A. */\nexport const A = 1;\nexport type A = 2;',
    },
    {
      title: 'a re-export',
      path: 'packages/client/src/index.ts',
      text: "export * from './a.ts';\nexport { b } from './b.ts';",
    },
    {
      title: 'an import downward',
      path: 'packages/server/src/writes/commit.ts',
      text: "import '../commits/commit.ts';\nimport './session.ts';",
    },
    { title: 'io-core, by its name', path: 'packages/io-core/src/scan.ts', text: "import '@deltacat/contract';" },
    {
      title: 'kysely for queries',
      path: 'packages/server/src/jobs/a.ts',
      text: "import { type Kysely, sql } from 'kysely';",
    },
    {
      title: 'a test that enters by the client',
      path: 'packages/server/src/reads/a.test.ts',
      text: "import '@deltacat/client';",
    },
    { title: 'the settings', path: 'packages/server/src/config.ts', text: 'void process.env.HOME;' },
  ];

  test.each(cases)('$title', ({ path, text }) => {
    expect(violations({ [path]: text })).toEqual([]);
  });
});
