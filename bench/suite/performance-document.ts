import { BENCHMARKS } from '../benchmarks.ts';
import { type Comparison, type Finding, type Goal, type Growth, OURS } from './benchmark.ts';
import { type Result, storedResults } from './results.ts';
import { ratioTo, reached, shortly, spreadOf, timesBetter, told } from './statistics.ts';

/** The text of docs/performance.md, from what is stored. */
export function performanceDocument(): string {
  const results = storedResults();
  const stored = Object.keys(BENCHMARKS).flatMap((name) => results.get(name) ?? []);
  return [...INTRODUCTION, ...goalsTable(stored), ...stored.flatMap(describeResult)].join('\n');
}

const INTRODUCTION = [
  '# Performance',
  '<!-- Made by `npm run bench` from bench/results/. -->',
  '',
  'We are measured beside what one would take instead: DuckLake, delta-rs, PyIceberg, the official Python client, and the SQL that one',
  'would write by hand in DuckDB. Everybody does the same work on the same machine in the same run, in turns, so that whatever else the',
  'machine does meets all of them. Figures are medians, with the least and the greatest in brackets; ratios are made run by run. They depend',
  'on the disk and on the cores: take the ratios, and run `npm run bench` on your own machine. Losses are told like the rest.',
  '',
];

function goalsTable(results: Result[]): string[] {
  const rows = results.flatMap(({ benchmark, findings }) =>
    findings
      .flatMap(comparisonsOf)
      .flatMap((comparison) => (comparison.goals ?? []).map((goal) => goalRow(benchmark, comparison, goal))),
  );
  if (rows.length === 0) return [];
  return ['## What we hold ourselves to', '', '| | goal | measured | |', '|---|---|---|---|', ...rows, ''];
}

/** A finding as comparisons: growth has one at each point. */
function comparisonsOf(finding: Finding): Comparison[] {
  if (!('points' in finding)) return [finding];
  const { unit, better, by } = finding;
  return finding.points.map((point) => ({
    ...point,
    unit,
    better,
    case: `${finding.case}, ${shortly(point.at)} ${by}`,
  }));
}

function goalRow(benchmark: string, comparison: Comparison, goal: Goal): string {
  const bound = comparison.better === 'more' ? 'at least' : 'at most';
  const unit = goal.over ? `times ${goal.over}` : comparison.unit;
  const found = reached(comparison, goal);
  const word = found === null ? 'not measured' : found.isReached ? 'reached' : '**missed**';
  const title = BENCHMARKS[benchmark]?.title ?? benchmark;
  return `| ${title}: ${comparison.case} | ${bound} ${shortly(goal.value)} ${unit} | ${found ? told(found.spread) : ''} | ${word} |`;
}

function describeResult({ benchmark, date, machine, runs, findings }: Result): string[] {
  const { title, about } = BENCHMARKS[benchmark] ?? { title: benchmark, about: '' };
  return [
    `## ${title}`,
    '',
    about,
    '',
    `*\`npm run bench -- ${benchmark}\`, ${date}, ${runs} runs, ${machine}.*`,
    '',
    ...findings.flatMap((finding, index) => describeFinding(benchmark, finding, index)),
  ];
}

function describeFinding(benchmark: string, finding: Finding, index: number): string[] {
  const table = 'points' in finding ? growthTable(finding) : comparisonTable(finding);
  return [
    `### ${finding.case}`,
    '',
    `![${finding.case}](performance/${pictureOf(benchmark, index)})`,
    '',
    ...table,
    '',
  ];
}

function comparisonTable(comparison: Comparison): string[] {
  const { samples, unit, better } = comparison;
  const rows = Object.entries(samples).map(([name, figures]) => {
    const ratio = name === OURS ? null : ratioTo(comparison, name);
    return `| ${name} | ${told(spreadOf(figures))} | ${ratio ? told(timesBetter(better, ratio)) : ''} |`;
  });
  return [`| | ${unit} | ours is better by |`, '|---|---|---|', ...rows];
}

function growthTable({ points, unit, by }: Growth): string[] {
  const names = [...new Set(points.flatMap(({ samples }) => Object.keys(samples)))];
  const rows = points.map(({ at, samples }) => {
    const cells = names.map((name) => (samples[name] ? told(spreadOf(samples[name])) : ''));
    return `| ${shortly(at)} | ${cells.join(' | ')} |`;
  });
  return [
    `| ${by} | ${names.map((name) => `${name}, ${unit}`).join(' | ')} |`,
    `|---|${names.map(() => '---|').join('')}`,
    ...rows,
  ];
}

/** What the picture of a finding is called. */
export function pictureOf(benchmark: string, index: number): string {
  return `${benchmark}-${index + 1}.svg`;
}
