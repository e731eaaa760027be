import type { AnswerOf, Api, InputOf, OperationName, Page } from '@deltacat/contract';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { machineTime } from './db/clock.ts';
import type { Database } from './db/database.ts';

/** Where this server's time comes from; what a unit of work decides goes by the store's. Tests bring their own. */
export interface Clock {
  /** Nanoseconds since 1970; finer than a millisecond, so that commits are not backdated. */
  nowNs(): bigint;
}

/** What the whole server works with. */
export interface ServerContext {
  config: Config;
  db: Database;
  clock: Clock;
  log: Logger;
  /** A fresh lowercase UUID. */
  newId(): string;
}

/** What one request works with. */
export interface RequestContext extends ServerContext {
  request_id: string;
  /** Who asks, as far as it is known. */
  user: string | null;
  /** The caller's `X-DeltaCAT-Client-Version`; null for the clients that send none and cannot merge. */
  client_version: string | null;
}

/** The clock of the machine. */
export const machineClock: Clock = { nowNs: machineTime };

/** What serves an operation: parsed input in, answer out; refusals are thrown as `DeltacatError`. */
export type Handler<Name extends OperationName> = (
  context: RequestContext,
  input: InputOf<Api[Name]>,
) => Promise<Api[Name] extends { paged: true } ? Page<AnswerOf<Api[Name]>> : AnswerOf<Api[Name]>>;

/** An answer that is too large to be made at once: its JSON text, piece by piece. Pieces are made when they are asked for. */
export class AnswerText {
  readonly pieces: AsyncGenerator<string>;

  constructor(pieces: AsyncGenerator<string>) {
    this.pieces = pieces;
  }
}

/** A handler that answers with text what is too large. */
export type TextHandler<Name extends OperationName> = (
  ...asked: Parameters<Handler<Name>>
) => Promise<AnswerOf<Api[Name]> | AnswerText>;
