import type { FeatureColumnsConfig } from '../../contract';
import { type Datatype, DYNAMIC, elementCount, type Signature, type TensorSpec } from '../../model';
import type { Carrier } from './elements';
import { identifier } from './sql';
import type { TableColumn, TableFormat, TableSchema } from './table-file';

/** A column that is one position of an input. */
export interface FeatureColumn {
  readonly name: string;

  /** Its value, as SQL makes it. */
  readonly sql: string;

  /** Type under which text is read. */
  readonly type: string;
  readonly carrier: Carrier;
}

/** The columns that become an input of the model. */
export interface FeatureInput {
  readonly spec: TensorSpec;

  /** Shape of one row. */
  readonly rowShape: readonly number[];
  readonly columns: readonly FeatureColumn[];
}

const INTEGERS = ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT'];
const WIDE: readonly Datatype[] = ['INT64', 'UINT64'];

/** Inputs of the model, and the features that are declared for each: everything that does not fit. */
export function featureProblems({ inputs }: Signature, features: readonly FeatureColumnsConfig[]): string[] {
  const problems: string[] = [];
  for (const { input } of features) {
    if (!inputs.some(({ name }) => name === input)) {
      problems.push(`features name the input '${input}', which the model lacks; it has ${quoted(inputs)}.`);
    } else if (features.filter((other) => other.input === input).length > 1) {
      problems.push(`features name the input '${input}' more than once.`);
    }
  }
  for (const spec of inputs) {
    const declared = features.find(({ input }) => input === spec.name);
    if (declared === undefined) {
      problems.push(`the model's input '${spec.name}' gets no columns; declare features for it.`);
    } else if (rowShape(spec, declared.columns.length) === undefined) {
      problems.push(
        `the model's input '${spec.name}' has the shape [${spec.shape.join(', ')}], which ` +
          `${declared.columns.length} columns a row cannot fill.`,
      );
    }
  }
  return problems;
}

/** Features as columns of a table; every problem is added to `mismatches`. */
export function featureInputs(
  signature: Signature,
  features: readonly FeatureColumnsConfig[],
  schema: TableSchema,
  format: TableFormat,
  mismatches: string[],
): FeatureInput[] {
  return signature.inputs.map((spec) => {
    const names = features.find(({ input }) => input === spec.name)?.columns ?? [];
    const columns = names.flatMap((name): FeatureColumn[] => {
      const column = schema.columns.find((candidate) => candidate.name === name);
      if (column === undefined) {
        mismatches.push(`there is no column '${name}', which is a feature of the input '${spec.name}'.`);
        return [];
      }
      const read = format === 'parquet' ? ofType(column, spec.datatype) : ofText(name, spec.datatype, format);
      if (read === undefined) {
        mismatches.push(`the column '${name}' is ${column.type}, but the input '${spec.name}' takes ${spec.datatype}.`);
        return [];
      }
      return [read];
    });
    return { spec, rowShape: rowShape(spec, names.length) ?? [], columns };
  });
}

/** Sizes of the dimensions behind the first that so many elements fill; undefined when they fill none. */
function rowShape({ shape }: TensorSpec, elements: number): number[] | undefined {
  if (shape.length === 0 || elements === 0) {
    return undefined;
  }
  const tail = shape.slice(1);
  const known = elementCount(tail.filter((size) => size !== DYNAMIC));
  const open = tail.filter((size) => size === DYNAMIC).length;
  if (open > 1 || (open === 0 ? known !== elements : elements % known !== 0)) {
    return undefined;
  }
  return tail.map((size) => (size === DYNAMIC ? elements / known : size));
}

function ofType({ name, type }: TableColumn, datatype: Datatype): FeatureColumn | undefined {
  const as = (sqlType: string, carrier: Carrier): FeatureColumn => ({
    name,
    sql: sqlType === type ? identifier(name) : `CAST(${identifier(name)} AS ${sqlType})`,
    type,
    carrier,
  });
  const isText = type === 'VARCHAR' || type === 'UUID' || type.startsWith('ENUM(');
  const isLarge = type.startsWith('DECIMAL(') || type === 'HUGEINT' || type === 'UHUGEINT';
  if (datatype === 'BYTES') {
    return isText ? as('VARCHAR', 'VARCHAR') : undefined;
  }
  if (datatype === 'BOOL') {
    return type === 'BOOLEAN' || INTEGERS.includes(type) ? as(type, type as Carrier) : undefined;
  }
  if (INTEGERS.includes(type) || type === 'FLOAT' || type === 'DOUBLE') {
    return as(type, type as Carrier);
  }
  if (!isLarge) {
    return undefined;
  }
  return WIDE.includes(datatype) ? as('VARCHAR', 'DIGITS') : as('DOUBLE', 'DOUBLE');
}

/** Text is read as what the input needs; what is none of that is missing, or a line that is rejected. */
function ofText(name: string, datatype: Datatype, format: TableFormat): FeatureColumn {
  const sql = identifier(name);
  if (datatype === 'BYTES') {
    return { name, sql, type: 'VARCHAR', carrier: 'VARCHAR' };
  }
  if (datatype === 'BOOL') {
    return { name, sql, type: 'BOOLEAN', carrier: 'BOOLEAN' };
  }
  if (WIDE.includes(datatype)) {
    // As it stands: a DOUBLE would lose digits, and a BIGINT rounds fractions.
    return { name, sql, type: format === 'csv' ? 'VARCHAR' : 'JSON', carrier: 'DIGITS' };
  }
  // A double holds the small integers, and tells the ones with fractions.
  return { name, sql, type: 'DOUBLE', carrier: 'DOUBLE' };
}

function quoted(specs: readonly TensorSpec[]): string {
  return specs.map(({ name }) => `'${name}'`).join(', ');
}
