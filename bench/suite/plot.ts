import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { Comparison, Finding, Growth } from './benchmark.ts';
import { OURS } from './benchmark.ts';
import { spreadOf } from './statistics.ts';

const WIDTH = 560;

/** Draws a finding as an SVG: bars with their spread for a comparison, lines for growth. Both axes of those are logarithmic. */
export async function plot(finding: Finding): Promise<string> {
  const spec = 'points' in finding ? growthSpec(finding) : comparisonSpec(finding);
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  return `${await view.toSVG()}\n`;
}

const CONFIG = {
  background: 'white',
  font: 'sans-serif',
  axis: { labelFontSize: 12, labelLimit: 300, titleFontSize: 12, grid: true, gridColor: '#e8e8e8' },
  legend: { labelFontSize: 12, title: null },
  view: { stroke: null },
} as const;

const COLOURS = ['#0b62c4', '#e08a00', '#3a9d5d', '#9a4fb8', '#c43d3d', '#6d6d6d', '#00a0b0'];

/** Ours first, with a colour that is always the same. */
function ordered(samples: Record<string, unknown>): string[] {
  return Object.keys(samples).toSorted((a, b) => Number(b.startsWith(OURS)) - Number(a.startsWith(OURS)));
}

function comparisonSpec({ samples, unit }: Comparison): TopLevelSpec {
  const names = ordered(samples);
  const values = names.map((name) => ({ name, ...spreadOf(samples[name] ?? []) }));
  const y = { field: 'name', type: 'nominal', sort: names, title: null } as const;
  return {
    data: { values },
    width: WIDTH,
    height: { step: 34 },
    config: CONFIG,
    layer: [
      {
        mark: { type: 'bar', height: 20 },
        encoding: {
          y,
          x: { field: 'median', type: 'quantitative', title: unit },
          color: { field: 'name', scale: { domain: names, range: COLOURS }, legend: null },
        },
      },
      {
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: { y, x: { field: 'least', type: 'quantitative' }, x2: { field: 'most' } },
      },
    ],
  };
}

function growthSpec({ points, unit, by }: Growth): TopLevelSpec {
  const names = ordered(points[0]?.samples ?? {});
  const values = points.flatMap(({ at, samples }) =>
    Object.entries(samples).map(([name, figures]) => ({ name, at, ...spreadOf(figures) })),
  );
  const x = { field: 'at', type: 'quantitative', title: by, scale: { type: 'log' } } as const;
  const color = { field: 'name', type: 'nominal', scale: { domain: names, range: COLOURS } } as const;
  return {
    data: { values },
    width: WIDTH,
    height: 260,
    config: CONFIG,
    layer: [
      {
        mark: { type: 'line', point: true },
        encoding: { x, y: { field: 'median', type: 'quantitative', title: unit, scale: { type: 'log' } }, color },
      },
      {
        mark: { type: 'rule' },
        encoding: { x, y: { field: 'least', type: 'quantitative' }, y2: { field: 'most' }, color },
      },
    ],
  };
}
