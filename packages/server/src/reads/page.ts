import { DeltacatError } from '@deltacat/contract';
import type { SelectedDelta } from './prune.ts';

/** Which files of a plan a reader asks for. */
export interface PageAsked {
  file_offset: number;
  max_files?: number | null | undefined;
}

/** Some deltas of a plan, in its order, with the files that are returned. */
export interface Page {
  deltas: SelectedDelta[];
  returned_files: number;
  /** Where the next page begins; null after the last. */
  next_file_offset: number | null;
}

/** Cuts a page out of a plan's files. A plan that merges is cut between partitions, because a part of one is no use. */
export function cutPage(deltas: SelectedDelta[], asked: PageAsked, merging: boolean): Page {
  if (asked.max_files === 0) {
    throw new DeltacatError(
      'invalid_request',
      'max_files is 0. Ask for one file or more, or set include_files to false.',
    );
  }
  const window = { from: asked.file_offset, to: asked.file_offset + (asked.max_files ?? Number.POSITIVE_INFINITY) };
  return merging ? cutPartitions(deltas, window) : cutFiles(deltas, window);
}

interface Window {
  from: number;
  to: number;
}

function cutFiles(deltas: SelectedDelta[], { from, to }: Window): Page {
  const page: Page = { deltas: [], returned_files: 0, next_file_offset: null };
  let start = 0;
  for (const delta of deltas) {
    const end = start + delta.files;
    if (end > to) page.next_file_offset = to;
    if (start >= to) break;
    const cut = cutDelta(delta, Math.max(0, from - start), Math.min(delta.files, to - start));
    if (cut) page.deltas.push(cut);
    page.returned_files += cut?.files ?? 0;
    start = end;
  }
  return page;
}

/** The files of a delta from one place up to another; null when none are left. */
function cutDelta(delta: SelectedDelta, from: number, to: number): SelectedDelta | null {
  if (from >= to) return null;
  if (from === 0 && to === delta.files) return delta;
  const places = delta.ordinals ?? Array.from({ length: delta.files }, (_, index) => index);
  return { ...delta, ordinals: places.slice(from, to), files: to - from };
}

/** The partitions whose first file lies in the window: whatever the steps of a reader, it gets each exactly once. */
function cutPartitions(deltas: SelectedDelta[], { from, to }: Window): Page {
  const page: Page = { deltas: [], returned_files: 0, next_file_offset: null };
  let start = 0;
  let [partition, first]: [string | null, number] = [null, 0];
  for (const delta of deltas) {
    if (delta.partition_id !== partition) [partition, first] = [delta.partition_id, start];
    if (first >= to) {
      page.next_file_offset = first;
      break;
    }
    if (first >= from) {
      page.deltas.push(delta);
      page.returned_files += delta.files;
    }
    start += delta.files;
  }
  return page;
}
