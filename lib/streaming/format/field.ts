import { quote, RULES, type Violation, violation } from '../../kubernetes';

const POINTER = /^(\/([^~/]|~[01])*)+$/;

/** The JSON pointer (RFC 6901) of a field: what starts with `/` is one, anything else is the name of a field. */
export function pointerOf(field: string): string {
  return field.startsWith('/') ? field : `/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/**
 * Checks a field.
 *
 * @param prop where it is declared, for the message
 */
export function checkField(prop: string, field: string): Violation[] {
  return field !== '' && POINTER.test(pointerOf(field))
    ? []
    : [violation(RULES.eventField, `${prop} is ${quote(field)}.`, "Write it as in 'duration_ms', or '/request/size'.")];
}
