import { z } from 'zod';

/** A JSON Schema, as OpenAPI, MCP and help texts carry it. */
export type JsonSchema = Record<string, unknown>;

/**
 * The JSON Schema of a value. A 64-bit integer is `integer` with format `int64`; what JSON Schema cannot say becomes
 * "anything". `input` describes what may be sent, `output` what comes back.
 */
export function toSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const made = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'bigint') Object.assign(jsonSchema, { type: 'integer', format: 'int64' });
    },
  });
  const { $schema: _, '~standard': __, ...rest } = made as JsonSchema;
  return tidy(rest) as JsonSchema;
}

/** Drops bounds that only say "a safe integer": they clutter documents and stop nobody. */
function tidy(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(tidy);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).filter(
    ([key, value]) =>
      !((key === 'maximum' || key === 'minimum') && Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER),
  );
  return Object.fromEntries(entries.map(([key, value]) => [key, tidy(value)]));
}
