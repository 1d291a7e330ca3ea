import type { TableEngine, TableFile, TableSchema } from '../table';
import type { PlannedObject } from './plan';

/**
 * What is known of the object that was read last. Units follow each other in it, and a footer describes all of its row groups,
 * so it is read once for all of them.
 */
export class ObjectSchemas {
  private last: { readonly object: PlannedObject; readonly schema: Promise<TableSchema> } | undefined;

  constructor(private readonly engine: Pick<TableEngine, 'schemaOf'>) {}

  /** @param file the object on this machine, or a file with its footer. @throws TableError */
  of(object: PlannedObject, { path, format }: TableFile): Promise<TableSchema> {
    if (this.last?.object === object) {
      return this.last.schema;
    }
    const schema = this.engine.schemaOf({ path, format });
    this.last = { object, schema };
    schema.catch(() => {
      this.last = undefined; // the next unit may have better luck
    });
    return schema;
  }
}
