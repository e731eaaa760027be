import type { Handler } from '../context.ts';
import { answerTransaction } from './transaction-answer.ts';

/** Reads a transaction. */
export const getTransaction: Handler<'get_transaction'> = (context, input) => answerTransaction(context, input);
