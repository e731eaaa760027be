import { DeltacatError, type OperationName } from '@deltacat/contract';
import type { Handler, RequestContext } from './context.ts';
import { getServerEndpoints } from './health/get-server-endpoints.ts';
import { health } from './health/health.ts';

/** What serves each operation of the contract; REST, MCP, client and command line all enter here. */
export const OPERATIONS: Partial<{ [Name in OperationName]: Handler<Name> }> = {
  health,
  get_server_endpoints: getServerEndpoints,
};

/** Performs an operation with input that its schema has parsed. */
export async function perform(context: RequestContext, name: OperationName, input: object): Promise<unknown> {
  if ('transaction_id' in input && input.transaction_id !== null && input.transaction_id !== undefined) {
    throw new DeltacatError(
      'transaction_not_found',
      `Transaction "${input.transaction_id}" does not exist: this server does not open transactions yet. Call without one.`,
    );
  }
  // The schema of that very operation parsed the input.
  const handler = OPERATIONS[name] as unknown as (context: RequestContext, input: object) => Promise<unknown>;
  return handler(context, input);
}
