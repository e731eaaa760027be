import { posix } from 'node:path';
import type { FunctionShape, Import, Source } from './source.ts';

/** A rule about who may import a module: outside `only`, files of `within` may take nothing from it but `names`. */
export interface ImportRule {
  module: RegExp;
  within: string;
  only: string[];
  names?: string[];
  because: string;
}

/** The house rules, as data. */
export interface Rules {
  lines_max: number;
  function_lines_max: number;
  parameters_max: number;
  banned_names: string[];
  packages: Record<string, string[]>;
  layers: string[][];
  imports: ImportRule[];
  environment_only: string[];
}

/** The part of a package.json that the rules look at. */
export interface Manifest {
  path: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

/** Everything that is judged in one go. */
export interface Project {
  sources: Source[];
  manifests: Manifest[];
}

const PACKAGE_OF_NAME = /^(?:@deltacat\/([a-z-]+)|(deltacat))(?:\/|$)/;
const SERVER = 'packages/server/src/';

/** Every violation as one line: where, what, and what to do. Empty means tidy. */
export function checkProject({ sources, manifests }: Project, rules: Rules): string[] {
  if (sources.length === 0) return ['no source file was checked: the globs of the tidy test are wrong'];
  return [
    ...sources.flatMap((source) => checkSource(source, rules)),
    ...manifests.flatMap((manifest) => checkManifest(manifest, rules)),
    ...checkCycles(sources),
  ];
}

function checkSource(source: Source, rules: Rules): string[] {
  const always = [checkLength, checkFunctions, checkPath];
  const unlessTest = [checkExports, checkPackageArrows, checkLayers, checkImports, checkEnvironment];
  const checks = isTest(source.path) ? always : [...always, ...unlessTest];
  return checks.flatMap((check) => check(source, rules));
}

function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path) || path.split('/').includes('testing') || !path.startsWith('packages/');
}

function checkLength({ path, lines }: Source, { lines_max }: Rules): string[] {
  return lines > lines_max ? [`${path}: ${lines} lines, at most ${lines_max}: split it by its nouns`] : [];
}

function checkFunctions({ path, functions }: Source, rules: Rules): string[] {
  const tooLong = ({ lines, container }: FunctionShape) => !container && lines > rules.function_lines_max;
  return functions.flatMap((shape) => [
    ...(tooLong(shape)
      ? [
          `${path}:${shape.line}: a function of ${shape.lines} lines, at most ${rules.function_lines_max}: name its parts`,
        ]
      : []),
    ...(shape.parameters > rules.parameters_max
      ? [
          `${path}:${shape.line}: ${shape.parameters} parameters, at most ${rules.parameters_max}: use an options object`,
        ]
      : []),
  ]);
}

function checkPath({ path }: Source, { banned_names }: Rules): string[] {
  const stems = path.split('/').map((segment) => segment.split('.')[0] ?? '');
  return stems
    .filter((stem) => banned_names.includes(stem))
    .map((stem) => `${path}: named "${stem}", which says nothing: name the thing it holds`);
}

function checkExports({ path, undocumented }: Source): string[] {
  return undocumented.map(
    ({ name, line }) => `${path}:${line}: exported "${name}" has no doc comment: say what it promises, then why`,
  );
}

function checkPackageArrows(source: Source, rules: Rules): string[] {
  const own = packageOfPath(source.path);
  if (own === undefined) return [];
  return source.imports.flatMap((found) => {
    const other = packageOfImport(source.path, found);
    if (found.from.startsWith('.') && other !== own) return [`${where(source, found)}: leaves its package by a path`];
    return other === undefined || arrowAllowed({ own, other }, rules)
      ? []
      : [`${where(source, found)}: packages/${own} must not import packages/${other}`];
  });
}

function checkManifest(manifest: Manifest, rules: Rules): string[] {
  const own = packageOfPath(manifest.path);
  if (own === undefined) return [];
  if (!rules.packages[own]) return [`${manifest.path}: packages/${own} has no place among the package arrows`];
  const { dependencies, optionalDependencies, peerDependencies } = manifest;
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }).flatMap((name) => {
    const other = packageOfName(name);
    return other === undefined || arrowAllowed({ own, other }, rules)
      ? []
      : [`${manifest.path}: packages/${own} must not depend on packages/${other}`];
  });
}

function arrowAllowed({ own, other }: { own: string; other: string }, { packages }: Rules): boolean {
  return own === other || packages[own]?.includes(other) === true;
}

function packageOfPath(path: string): string | undefined {
  return /^packages\/([^/]+)\//.exec(path)?.[1];
}

function packageOfName(name: string): string | undefined {
  const [, scoped, command] = PACKAGE_OF_NAME.exec(name) ?? [];
  return scoped ?? (command && 'cli');
}

function packageOfImport(path: string, { from }: Import): string | undefined {
  return from.startsWith('.') ? packageOfPath(resolve(path, from)) : packageOfName(from);
}

function checkLayers(source: Source, { layers }: Rules): string[] {
  const own = layerOf(source.path);
  if (own === undefined) return [];
  const height = (layer: string) => layers.findIndex((row) => row.includes(layer));
  if (height(own) === -1) return [`${source.path}: "${own}" has no place among the server's layers`];
  return source.imports.flatMap((found) => {
    const other = found.from.startsWith('.') ? layerOf(resolve(source.path, found.from)) : undefined;
    const isUnknown = other === undefined || height(other) === -1; // reported at its own file
    if (isUnknown || other === own || height(other) > height(own)) return [];
    return [`${where(source, found)}: "${own}" imports "${other}", which is not below it: write an event row instead`];
  });
}

function layerOf(path: string): string | undefined {
  return path.startsWith(SERVER) ? /^[^/.]+/.exec(path.slice(SERVER.length))?.[0] : undefined;
}

function checkImports(source: Source, rules: Rules): string[] {
  return rules.imports
    .filter(
      ({ within, only }) => source.path.startsWith(within) && !only.some((place) => source.path.startsWith(place)),
    )
    .flatMap((rule) =>
      source.imports
        .filter(({ from, values }) => rule.module.test(from) && !isHarmless(values, rule.names))
        .map((found) => `${where(source, found)}: imports "${found.from}": ${rule.because}`),
    );
}

function isHarmless(values: string[], names: string[] | undefined): boolean {
  return names !== undefined && values.every((value) => names.includes(value));
}

function checkEnvironment({ path, environment_reads }: Source, { environment_only }: Rules): string[] {
  if (environment_only.includes(path)) return [];
  return environment_reads.map(
    (line) =>
      `${path}:${line}: reads the environment: only ${environment_only.join(', ')} may, pass the setting instead`,
  );
}

/** Cycles of relative imports, types included; across packages the arrows already rule them out. */
function checkCycles(sources: Source[]): string[] {
  const targets = new Map(
    sources.map(({ path, imports }) => [
      path,
      imports.filter(({ from }) => from.startsWith('.')).map(({ from }) => resolve(path, from)),
    ]),
  );
  const finished = new Set<string>();
  const cycles: string[] = [];
  const walk = (path: string, trail: string[]): void => {
    const from = trail.indexOf(path);
    if (from !== -1) cycles.push(`import cycle: ${[...trail.slice(from), path].join(' -> ')}`);
    if (from !== -1 || finished.has(path)) return;
    for (const target of targets.get(path) ?? []) walk(target, [...trail, path]);
    finished.add(path);
  };
  for (const path of targets.keys()) walk(path, []);
  return cycles;
}

function resolve(path: string, from: string): string {
  return posix.join(posix.dirname(path), from);
}

function where({ path }: Source, { line }: Import): string {
  return `${path}:${line}`;
}
