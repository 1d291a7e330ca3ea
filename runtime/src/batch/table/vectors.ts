import duckdb from '@duckdb/node-bindings';

/** Strings of up to so many bytes stand in the vector itself. Source: `string_t` of DuckDB's C interface. */
const INLINE_BYTES = 12;
const STRING_BYTES = 16;

/** Size of a value in a vector, by the number of its type; types that are made of others are not among them, nor those that are taken as text. */
const WIDTHS: Readonly<Record<number, number>> = {
  1: 1, // BOOLEAN
  2: 1, // TINYINT
  3: 2, // SMALLINT
  4: 4, // INTEGER
  5: 8, // BIGINT
  6: 1, // UTINYINT
  7: 2, // USMALLINT
  8: 4, // UINTEGER
  9: 8, // UBIGINT
  10: 4, // FLOAT
  11: 8, // DOUBLE
  12: 8, // TIMESTAMP
  13: 4, // DATE
  14: 8, // TIME
  15: 16, // INTERVAL
  16: 16, // HUGEINT
  17: STRING_BYTES, // VARCHAR
  18: STRING_BYTES, // BLOB
  20: 8, // TIMESTAMP_S
  21: 8, // TIMESTAMP_MS
  22: 8, // TIMESTAMP_NS
  27: 16, // UUID
  30: 8, // TIME_TZ
  31: 8, // TIMESTAMP_TZ
  32: 16, // UHUGEINT
};

const DECIMAL = 19;
const ENUM = 23;
const LIST = 24;
const STRUCT = 25;
const MAP = 26;
const ARRAY = 33;

const LIST_ENTRY_BYTES = 16;

const decoder = new TextDecoder();

/**
 * Copies values as they are.
 *
 * Long strings are not copied: the copy refers to the original, which has to be kept until the copy has been read.
 *
 * @param target where they go, from the start on; nothing may be in it
 * @param from first row that is copied
 */
export function copyVector(
  source: duckdb.Vector,
  target: duckdb.Vector,
  type: duckdb.LogicalType,
  rows: number,
  from = 0,
): void {
  if (rows === 0) {
    return;
  }
  copyValidity(source, target, rows, from);
  switch (duckdb.get_type_id(type) as number) {
    case LIST:
      copyList(source, target, duckdb.list_type_child_type(type), rows, from);
      return;
    case MAP: {
      const key = duckdb.map_type_key_type(type);
      const value = duckdb.map_type_value_type(type);
      copyList(source, target, duckdb.create_struct_type([key, value], ['key', 'value']), rows, from);
      return;
    }
    case ARRAY: {
      const size = duckdb.array_type_array_size(type);
      const child = duckdb.array_type_child_type(type);
      const children = [source, target].map((vector) => duckdb.array_vector_get_child(vector));
      copyVector(children[0], children[1], child, rows * size, from * size);
      return;
    }
    case STRUCT:
      membersOf(type).forEach((member, index) => {
        const children = [source, target].map((vector) => duckdb.struct_vector_get_child(vector, index));
        copyVector(children[0], children[1], member, rows, from);
      });
      return;
    default:
      copyBytes(source, target, rows, widthOf(type) ?? 0, from);
  }
}

/** Puts the elements of a typed array into a vector, from its start on. */
export function fillVector(target: duckdb.Vector, data: Exclude<NodeJS.TypedArray, DataView>): void {
  duckdb.copy_data_to_vector(target, 0, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

/** Makes each row of a vector of lists so many elements long. @returns where the elements go */
export function fillLists(target: duckdb.Vector, rows: number, length: number): duckdb.Vector {
  const entries = new BigUint64Array(2 * rows);
  for (let row = 0; row < rows; row += 1) {
    entries[2 * row] = BigInt(row * length);
    entries[2 * row + 1] = BigInt(length);
  }
  fillVector(target, entries);
  duckdb.list_vector_reserve(target, rows * length);
  duckdb.list_vector_set_size(target, rows * length);
  return duckdb.list_vector_get_child(target);
}

/** The memory of a vector. */
export function bytesOf(vector: duckdb.Vector, bytes: number): Uint8Array {
  return duckdb.vector_get_data(vector, bytes);
}

/** One bit for each row, 1 = there is a value, lowest bit first; undefined when every row has one. */
export function validityOf(vector: duckdb.Vector, rows: number): Uint8Array | undefined {
  return (duckdb.vector_get_validity(vector, 8 * Math.ceil(rows / 64)) as Uint8Array | null) ?? undefined;
}

/** Whether a row has a value. */
export function isValid(validity: Uint8Array | undefined, row: number): boolean {
  return validity === undefined || (validity[row >> 3] & (1 << (row & 7))) !== 0;
}

/** Reads texts of a vector, for as long as its chunk is kept. */
export function textsOf(vector: duckdb.Vector): (row: number) => string | null {
  const rows = duckdb.vector_size();
  const bytes = bytesOf(vector, rows * STRING_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const validity = validityOf(vector, rows);
  return (row) => {
    if (!isValid(validity, row)) {
      return null;
    }
    const at = row * STRING_BYTES;
    const length = view.getUint32(at, true);
    const text =
      length <= INLINE_BYTES
        ? bytes.subarray(at + 4, at + 4 + length)
        : duckdb.get_data_from_pointer(bytes.buffer as ArrayBuffer, bytes.byteOffset + at + 8, length);
    return decoder.decode(text);
  };
}

function copyList(
  source: duckdb.Vector,
  target: duckdb.Vector,
  child: duckdb.LogicalType,
  rows: number,
  from: number,
): void {
  // The elements of all rows: where those of a row are is told by its entry.
  const size = duckdb.list_vector_get_size(source);
  copyBytes(source, target, rows, LIST_ENTRY_BYTES, from);
  duckdb.list_vector_reserve(target, size);
  duckdb.list_vector_set_size(target, size);
  copyVector(duckdb.list_vector_get_child(source), duckdb.list_vector_get_child(target), child, size);
}

function copyBytes(source: duckdb.Vector, target: duckdb.Vector, rows: number, width: number, from: number): void {
  const { buffer, byteOffset } = bytesOf(source, (from + rows) * width);
  duckdb.copy_data_to_vector(target, 0, buffer as ArrayBuffer, byteOffset + from * width, rows * width);
}

function copyValidity(source: duckdb.Vector, target: duckdb.Vector, rows: number, from: number): void {
  const validity = validityOf(source, from + rows);
  if (validity === undefined) {
    return;
  }
  duckdb.vector_ensure_validity_writable(target);
  if (from === 0) {
    const { buffer, byteOffset, byteLength } = validity;
    duckdb.copy_data_to_vector_validity(target, 0, buffer as ArrayBuffer, byteOffset, byteLength);
    return;
  }
  const written = duckdb.vector_get_validity(target, 8 * Math.ceil(rows / 64));
  for (let row = 0; row < rows; row += 1) {
    if (!isValid(validity, from + row)) {
      written[row >> 3] &= ~(1 << (row & 7));
    }
  }
}

function widthOf(type: duckdb.LogicalType): number | undefined {
  const id = duckdb.get_type_id(type) as number;
  if (id === DECIMAL) {
    return WIDTHS[duckdb.decimal_internal_type(type)];
  }
  return WIDTHS[id === ENUM ? duckdb.enum_internal_type(type) : id];
}

function membersOf(type: duckdb.LogicalType): duckdb.LogicalType[] {
  return Array.from({ length: duckdb.struct_type_child_count(type) }, (_, index) =>
    duckdb.struct_type_child_type(type, index),
  );
}
