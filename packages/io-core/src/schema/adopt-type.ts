import { DeltacatError } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import type { ArrowField } from '../columns/arrow-shape.ts';
import { arrowType } from './type-alias.ts';
import { TYPE_DEPTH_MAX, typeAlias } from './type-name.ts';

/** Types that newer copies of the library know and the one here does not, by Arrow's numbers for them. */
export const NEWER = { large_list: 21, binary_view: 23, utf8_view: 24 } as const;

/** A field of any copy of the library as one of the copy here; the error for a type that no table has names the field. */
export function adoptField(field: ArrowField): arrow.Field {
  if (field instanceof arrow.Field) return field;
  try {
    return nestedField(field, 1);
  } catch (error) {
    if (!(error instanceof DeltacatError)) throw error;
    throw new DeltacatError(error.code, `Column "${field.name}": ${error.message}`, { column: field.name });
  }
}

/** A type of any copy of the library as one of the copy here: the same, or the one that tables have for it. */
export function adoptType(type: { readonly typeId: number }, depth = 1): arrow.DataType {
  if (type instanceof arrow.DataType) return type;
  if (depth > TYPE_DEPTH_MAX) throw new DeltacatError('invalid_schema', 'A type nests too deep; flatten it.');
  // The properties of types are those of Arrow's format, and the same in all copies.
  const given = type as arrow.DataType;
  const fields = (): arrow.Field[] => given.children.map((field: ArrowField) => nestedField(field, depth + 1));
  const [child] = given.children?.length === 1 ? fields() : [];
  if (type.typeId === NEWER.utf8_view) return new arrow.Utf8();
  if (type.typeId === NEWER.binary_view) return new arrow.Binary();
  if (arrow.DataType.isStruct(given)) return new arrow.Struct(fields());
  if (arrow.DataType.isDictionary(given)) {
    const values = adoptType(given.dictionary, depth + 1);
    // The indices are integers, as those of every dictionary.
    const indices = adoptType(given.indices) as arrow.Dictionary['indices'];
    return new arrow.Dictionary(values, indices, null, given.isOrdered);
  }
  if (child === undefined) return arrowType(typeAlias(given));
  if (type.typeId === NEWER.large_list || arrow.DataType.isList(given)) return new arrow.List(child);
  if (arrow.DataType.isFixedSizeList(given)) return new arrow.FixedSizeList(given.listSize, child);
  if (arrow.DataType.isMap(given)) return new arrow.Map_(child, given.keysSorted);
  return arrowType(typeAlias(given));
}

function nestedField({ name, type, nullable, metadata }: ArrowField, depth: number): arrow.Field {
  return new arrow.Field(name, adoptType(type, depth), nullable, new Map(metadata));
}
