import type { Type } from 'avsc';
import { defaultBytes, kindOfType } from './avro-schema';
import { avroReader, put } from './value-reader';

type View = (value: unknown) => unknown;

/**
 * Gives values of an older schema what the newest one has in addition: fields that were renamed have their new names too
 * (by aliases), and fields that are new have their defaults. What the value has, it keeps.
 *
 * @see https://avro.apache.org/docs/1.12.0/specification/#schema-resolution
 */
export function withNewestNames(latest: Type): View {
  return viewOf(latest, new Map());
}

function viewOf(type: Type, known: Map<Type, View>): View {
  let view = known.get(type);
  if (view === undefined) {
    let made: View | undefined;
    known.set(type, (value) => (made as View)(value));
    made = makeView(type, known);
    view = made;
    known.set(type, view);
  }
  return view;
}

function makeView(type: Type, known: Map<Type, View>): View {
  const kind = kindOfType(type);
  switch (kind.kind) {
    case 'record': {
      const fields = kind.fields.map((field) => {
        const bytes = defaultBytes(field);
        const read = bytes === undefined ? undefined : avroReader(field.type);
        return {
          names: [field.name, ...field.aliases],
          view: viewOf(field.type, known),
          absent: () => (bytes === undefined || read === undefined ? undefined : read(bytes)),
        };
      });
      return (value) => {
        if (!isObject(value)) {
          return value;
        }
        const members = { ...value };
        for (const { names, view, absent } of fields) {
          const found = names.find((name) => Object.hasOwn(value, name));
          const member = found === undefined ? absent() : view(value[found]);
          if (member !== undefined) {
            put(members, names[0], member);
          }
        }
        return members;
      };
    }
    case 'array': {
      const view = viewOf(kind.inner, known);
      return (value) => (Array.isArray(value) ? value.map(view) : value);
    }
    case 'map': {
      const view = viewOf(kind.inner, known);
      return (value) =>
        isObject(value)
          ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, view(member)]))
          : value;
    }
    case 'union': {
      // A value does not say its branch: where there are several records, none is taken for it.
      const inner = kind.branches.filter((branch) => ['record', 'array', 'map'].includes(kindOfType(branch).kind));
      return inner.length === 1 ? viewOf(inner[0], known) : (value) => value;
    }
    default:
      return (value) => value;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}
