import { parseSync, type Span, Visitor } from 'oxc-parser';

/** One file to judge. `path` is relative to the project's folder, with forward slashes. */
export interface Text {
  path: string;
  text: string;
}

/** One import, re-export, lazy import or import type. `values` are the names that exist at run time. */
export interface Import {
  from: string;
  values: string[];
  line: number;
}

/** A function of any kind; a container is the callback of `describe`, which only holds others. */
export interface FunctionShape {
  lines: number;
  parameters: number;
  line: number;
  container: boolean;
}

/** What the rules need to know of a file, so that each of them is a few lines over plain values. */
export interface Source extends Text {
  lines: number;
  imports: Import[];
  functions: FunctionShape[];
  undocumented: { name: string; line: number }[];
  environment_reads: number[];
}

type Parsed = ReturnType<typeof parseSync>;
type Statement = Parsed['program']['body'][number];
type LineOf = (offset: number) => number;

/** Reads a file's shape from its syntax tree. Throws when it does not parse: a rule must never pass by accident. */
export function readSource({ path, text }: Text): Source {
  const parsed = parseSync(path, text);
  const [error] = parsed.errors;
  if (error) throw new Error(`${path} does not parse: ${error.message}`);
  const lineOf: LineOf = (offset) => text.slice(0, offset).split('\n').length;
  return {
    path,
    text,
    lines: text.trimEnd().split('\n').length,
    imports: readImports(parsed, { text, lineOf }),
    functions: readFunctions(parsed, lineOf),
    undocumented: readUndocumented(parsed, { text, lineOf }),
    environment_reads: readEnvironment(parsed, lineOf),
  };
}

function readImports(parsed: Parsed, { text, lineOf }: { text: string; lineOf: LineOf }): Import[] {
  const imports: Import[] = parsed.module.staticImports.map((found) => ({
    from: found.moduleRequest.value,
    values: found.entries.filter((entry) => !entry.isType).map((entry) => entry.importName.name ?? '*'),
    line: lineOf(found.start),
  }));
  for (const { entries } of parsed.module.staticExports) {
    for (const { moduleRequest, importName, isType } of entries) {
      if (!moduleRequest) continue;
      const values = isType ? [] : [importName.name ?? '*'];
      imports.push({ from: moduleRequest.value, values, line: lineOf(moduleRequest.start) });
    }
  }
  for (const { moduleRequest: at } of parsed.module.dynamicImports) {
    const literal = /^(['"`])(.*)\1$/s.exec(text.slice(at.start, at.end));
    if (literal?.[2]) imports.push({ from: literal[2], values: ['*'], line: lineOf(at.start) });
  }
  new Visitor({
    TSImportType: (node) => {
      imports.push({ from: node.source.value, values: [], line: lineOf(node.start) });
    },
  }).visit(parsed.program);
  return imports;
}

function readFunctions(parsed: Parsed, lineOf: LineOf): FunctionShape[] {
  const functions: FunctionShape[] = [];
  const containers = new Set<number>();
  const add = (node: Span & { params: unknown[] }) => {
    const line = lineOf(node.start);
    const lines = lineOf(node.end) - line + 1;
    functions.push({ line, lines, parameters: node.params.length, container: containers.has(node.start) });
  };
  new Visitor({
    CallExpression: ({ callee, arguments: given }) => {
      if (!/^describe\b/.test(nameOf(callee))) return;
      for (const argument of given) containers.add(argument.start);
    },
    FunctionDeclaration: add,
    FunctionExpression: add,
    ArrowFunctionExpression: add,
  }).visit(parsed.program);
  return functions;
}

/** The outermost name of what is called: `describe` for `describe.each(rows)(…)`. */
function nameOf(node: { type: string }): string {
  if ('name' in node) return String(node.name);
  const inner = 'object' in node ? node.object : 'callee' in node ? node.callee : undefined;
  return inner && typeof inner === 'object' && 'type' in inner ? nameOf(inner as { type: string }) : '';
}

/** Exported names without a doc comment on any of their declarations; a re-export is documented where it comes from. */
function readUndocumented(parsed: Parsed, { text, lineOf }: { text: string; lineOf: LineOf }): Source['undocumented'] {
  const documented = new Map<string, boolean>();
  const exported = new Map<string, number>();
  for (const statement of parsed.program.body) {
    const has = hasDoc(parsed, { text, start: statement.start });
    for (const name of declaredNames(statement)) documented.set(name, has || documented.get(name) === true);
    for (const name of exportedNames(statement)) if (!exported.has(name)) exported.set(name, lineOf(statement.start));
  }
  return [...exported]
    .filter(([name]) => documented.get(name) === false)
    .map(([name, line]) => ({ name, line }))
    .sort((a, b) => a.line - b.line);
}

function hasDoc(parsed: Parsed, { text, start }: { text: string; start: number }): boolean {
  return parsed.comments.some(
    (comment) =>
      comment.type === 'Block' &&
      /^\*[\s*]*[^\s*]/.test(comment.value) &&
      comment.end <= start &&
      text.slice(comment.end, start).trim() === '',
  );
}

function declaredNames(statement: Statement): string[] {
  const isExport = statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration';
  const declaration = isExport ? statement.declaration : statement;
  if (statement.type === 'ExportDefaultDeclaration' && declaration?.type !== 'Identifier') return ['default'];
  if (!declaration) return [];
  if (declaration.type === 'VariableDeclaration') return declaration.declarations.flatMap(({ id }) => boundNames(id));
  return 'id' in declaration && declaration.id && 'name' in declaration.id ? [declaration.id.name] : [];
}

function exportedNames(statement: Statement): string[] {
  if (statement.type === 'ExportDefaultDeclaration') {
    return statement.declaration.type === 'Identifier' ? [statement.declaration.name] : ['default'];
  }
  if (statement.type !== 'ExportNamedDeclaration' || statement.source) return [];
  if (statement.declaration) return declaredNames(statement);
  return statement.specifiers.flatMap(({ local }) => ('name' in local ? [local.name] : []));
}

function boundNames(pattern: { type: string }): string[] {
  const names: string[] = [];
  const visit = (node: unknown): void => {
    if (!node || typeof node !== 'object') return;
    if ('type' in node && node.type === 'Identifier' && 'name' in node) names.push(String(node.name));
    else if ('type' in node && node.type === 'Property' && 'value' in node) visit(node.value);
    else if ('type' in node && node.type === 'AssignmentPattern' && 'left' in node) visit(node.left);
    else if ('properties' in node && Array.isArray(node.properties)) node.properties.forEach(visit);
    else if ('elements' in node && Array.isArray(node.elements)) node.elements.forEach(visit);
    else if ('argument' in node) visit(node.argument);
  };
  visit(pattern);
  return names;
}

/** Lines that read the environment: `process.env`, `const { env } = process`, `import { env } from 'node:process'`. */
function readEnvironment(parsed: Parsed, lineOf: LineOf): number[] {
  const lines: number[] = [];
  const isProcess = (node: { type: string } | null) =>
    node !== null &&
    (nameOf(node) === 'process' ||
      (nameOf(node) === 'globalThis' && 'property' in node && named(node.property, 'process')));
  new Visitor({
    MemberExpression: (node) => {
      if (isProcess(node.object) && named(node.property, 'env')) lines.push(lineOf(node.start));
    },
    VariableDeclarator: ({ id, init, start }) => {
      if (isProcess(init) && id.type === 'ObjectPattern') {
        if (id.properties.some((property) => 'key' in property && named(property.key, 'env')))
          lines.push(lineOf(start));
      }
    },
  }).visit(parsed.program);
  for (const { moduleRequest, entries, start } of parsed.module.staticImports) {
    if (!/^(node:)?process$/.test(moduleRequest.value)) continue;
    if (entries.some((entry) => entry.importName.name === 'env')) lines.push(lineOf(start));
  }
  return lines;
}

function named(node: unknown, name: string): boolean {
  if (!node || typeof node !== 'object') return false;
  return ('name' in node && node.name === name) || ('value' in node && node.value === name);
}
