import type { Handler } from '../context.ts';
import { requireSession } from './session.ts';
import { answerSession } from './session-answer.ts';

/** Reads a write session; looking at one whose time has run out ends it. */
export const getWriteSession: Handler<'get_write_session'> = async (context, input) =>
  answerSession(context, await requireSession(context, input));
