import { z } from 'zod';

/** The most properties of one object. */
export const PROPERTIES_MAX = 1_000;

/** Properties of a namespace, table or table version: any JSON values by name. */
export const properties = z
  .record(z.string().min(1).max(1024), z.unknown())
  .refine((value) => Object.keys(value).length <= PROPERTIES_MAX, `at most ${PROPERTIES_MAX} properties`)
  .meta({ description: 'Properties by name. In a change, null removes one and those not named stay.' });
