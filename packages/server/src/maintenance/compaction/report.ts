import type { DeltacatError } from '@deltacat/contract';
import type { Outcome } from '../../jobs/finish.ts';
import type { CompactionOutcome } from '../../writes/compact.ts';

/** How many partitions that were left or failed are named. */
const NAMED_MAX = 20;

/** What came of the partitions of a compaction. */
export class CompactionReport {
  #compacted = 0;
  #unchanged = 0;
  #gave_way = 0;
  #files_before = 0;
  #files_after = 0;
  readonly #left: { partition_id: string; reason: string }[] = [];
  readonly #failed: { partition_id: string; error: DeltacatError }[] = [];

  /** How many partitions were seen to. */
  get partitions(): number {
    return this.#compacted + this.#unchanged + this.#gave_way + this.#left.length + this.#failed.length;
  }

  /** Takes down what came of a partition. */
  add(partition_id: string, outcome: CompactionOutcome | { outcome: 'failed'; error: DeltacatError }): void {
    if (outcome.outcome === 'compacted') {
      this.#compacted += 1;
      this.#files_before += outcome.files_before;
      this.#files_after += outcome.files_after;
    } else if (outcome.outcome === 'left') this.#left.push({ partition_id, reason: outcome.reason });
    else if (outcome.outcome === 'failed') this.#failed.push({ partition_id, error: outcome.error });
    else if (outcome.outcome === 'gave_way') this.#gave_way += 1;
    else this.#unchanged += 1;
  }

  /** Throws the failure of the first partition that failed; one that may pass when all of them may. */
  throwFailure(): void {
    const [first] = this.#failed;
    if (first) throw (this.#failed.find(({ error }) => !error.retryable) ?? first).error;
  }

  /** All of it in figures and in words. */
  outcome(message = this.#words()): Outcome {
    return {
      message,
      result: {
        partitions_compacted: this.#compacted,
        partitions_unchanged: this.#unchanged,
        partitions_given_way: this.#gave_way,
        partitions_left: this.#left.length,
        left: this.#left.slice(0, NAMED_MAX),
        files_before: this.#files_before,
        files_after: this.#files_after,
      },
    };
  }

  #words(): string {
    const [left] = this.#left;
    const parts = [
      `${counted(this.#compacted)} compacted: ${this.#files_before} files became ${this.#files_after}`,
      ...(this.#unchanged > 0 ? [`${counted(this.#unchanged)} had nothing to compact`] : []),
      ...(this.#gave_way > 0 ? [`${counted(this.#gave_way)} left to others who were changing them`] : []),
      ...(left ? [`${counted(this.#left.length)} left as they are: ${left.reason}`] : []),
    ];
    return parts.join('; ');
  }
}

function counted(partitions: number): string {
  return partitions === 1 ? '1 partition' : `${partitions} partitions`;
}
