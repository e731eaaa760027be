import { type TableState, truncated, widened, withColumn, written } from './model.ts';
import type { Step } from './story.ts';

/** What a table holds after a step, given what it held after each step before. */
export function nextState(states: readonly TableState[], step: Step): TableState {
  const last = states.at(-1);
  if (last === undefined) throw new Error('a table begins with a state');
  switch (step.do) {
    case 'write':
      return written(last, step);
    case 'truncate':
      return truncated(last);
    case 'rollback':
      return states[step.to_step] ?? last;
    case 'add_column':
      return withColumn(last, step.column);
    case 'widen':
      return widened(last, step.column, step.type);
    case 'transaction':
      return step.commit ? step.steps.reduce((state, inner) => nextState([...states, state], inner), last) : last;
    case 'read':
      return last;
  }
}
