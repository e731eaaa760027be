import { keyText } from '@deltacat/contract';
import type { Handler } from '../context.ts';
import { closePage, openPage } from '../snapshots/paging.ts';
import { findStream } from '../snapshots/streams.ts';
import { STREAM_FORMAT, summarizeStream } from './browsed-stream.ts';
import { findTarget } from './target.ts';

/** Lists the streams of a table version: the one that holds its data. Those before it are found by their ids. */
export const listStreams: Handler<'list_streams'> = async (context, input) => {
  const asked = await openPage(context, { op: 'list_streams', input, key: keyText });
  const { view, after } = asked;
  const target = await findTarget(context, view, input);
  const stream = await findStream(context.db.reader, view, target.version.table_version_id);
  const isWanted = after === null && (input.stream_format ?? STREAM_FORMAT) === STREAM_FORMAT;
  const found = stream && isWanted ? [summarizeStream({ target, stream, state: 'committed' })] : [];
  return closePage(asked, found, ({ stream_id }) => stream_id);
};
