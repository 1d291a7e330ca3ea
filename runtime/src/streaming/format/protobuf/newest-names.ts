import type { Type } from 'protobufjs';
import { isMessage } from './proto-schema';

type View = (value: unknown) => unknown;

/** Gives values of an older schema the names that the newest one has for the same numbers, beside their own. */
export function withNewestNames(type: Type, latest: Type): View {
  return viewOf(type, latest, new Map());
}

function viewOf(type: Type, latest: Type, known: Map<Type, View>): View {
  let view = known.get(type);
  if (view === undefined) {
    let made: View | undefined;
    known.set(type, (value) => (made as View)(value));
    made = makeView(type, latest, known);
    view = made;
    known.set(type, view);
  }
  return view;
}

function makeView(type: Type, latest: Type, known: Map<Type, View>): View {
  const fields = type.fieldsArray.flatMap((field) => {
    const newest = latest.fieldsById[field.id];
    if (newest === undefined || field.map) {
      return [];
    }
    const inner =
      isMessage(field.resolvedType) && isMessage(newest.resolve().resolvedType)
        ? viewOf(field.resolvedType, newest.resolvedType as Type, known)
        : (value: unknown) => value;
    return [{ name: field.name, newName: newest.name, inner }];
  });
  return (value) => {
    if (typeof value !== 'object' || value === null) {
      return value;
    }
    const members = { ...(value as Record<string, unknown>) };
    for (const { name, newName, inner } of fields) {
      if (Object.hasOwn(value, name)) {
        const member = members[name];
        members[newName] = Array.isArray(member) ? member.map(inner) : inner(member);
      }
    }
    return members;
  };
}
