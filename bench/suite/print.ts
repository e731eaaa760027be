import type { Comparison, Finding, Growth } from './benchmark.ts';
import { OURS } from './benchmark.ts';
import { ratioTo, reached, shortly, spreadOf, timesBetter, told } from './statistics.ts';

/** Prints findings for who waits for them. */
export function printFindings(findings: readonly Finding[]): void {
  for (const finding of findings) {
    console.log(`\n  ${finding.case} [${finding.unit}, ${finding.better} is better]`);
    if ('points' in finding) printGrowth(finding);
    else printComparison(finding);
  }
}

function printComparison(comparison: Comparison): void {
  for (const [name, samples] of Object.entries(comparison.samples)) {
    const ratio = name === OURS ? null : ratioTo(comparison, name);
    const beside = ratio ? `; ours is ${told(timesBetter(comparison.better, ratio))} times better` : '';
    console.log(`    ${name}: ${told(spreadOf(samples))}${beside}`);
  }
  for (const goal of comparison.goals ?? []) {
    const { isReached } = reached(comparison, goal) ?? {};
    const word = isReached === undefined ? 'not measured' : isReached ? 'reached' : 'missed';
    console.log(`    goal ${shortly(goal.value)}${goal.over ? ` times ${goal.over}` : ''}: ${word}`);
  }
}

function printGrowth({ points, by }: Growth): void {
  for (const { at, samples } of points) {
    const figures = Object.entries(samples).map(([name, some]) => `${name} ${told(spreadOf(some))}`);
    console.log(`    ${shortly(at)} ${by}: ${figures.join('; ')}`);
  }
}
