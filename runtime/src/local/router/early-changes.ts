import * as z from 'zod';
import { at } from '../proxy/bootstrap';
import { addHeaders } from './headers';
import { matchesText, type RequestHead } from './match';
import { headerOption, stringMatch } from './route-schema';

/** A change of the headers of every request, before a route is looked for. */
export type EarlyChange = z.infer<typeof change>;

const change = z.looseObject({
  append: headerOption.optional(),
  remove: z.string().toLowerCase().optional(),
  remove_on_match: z.looseObject({ key_matcher: stringMatch }).optional(),
});

const TYPE = '.early_header_mutation.header_mutation.v3.HeaderMutation';

/** Changes of the extensions of a connection manager that mutate headers. */
export function earlyChangesOf(manager: unknown): EarlyChange[] {
  const extensions = at(manager, 'early_header_mutation_extensions');
  return (Array.isArray(extensions) ? extensions : [])
    .map((extension) => at(extension, 'typed_config'))
    .filter((config) => String(at(config, '@type')).endsWith(TYPE))
    .flatMap((config) => z.array(change).parse(at(config, 'mutations') ?? []));
}

/** Changes the headers of a request. */
export function changeEarly(head: RequestHead, changes: readonly EarlyChange[]): void {
  const { headers } = head;
  for (const { append, remove, remove_on_match } of changes) {
    if (append !== undefined) {
      addHeaders(headers, [append], { head, cluster: '' });
    }
    for (const name of Object.keys(headers)) {
      if (name === remove || (remove_on_match !== undefined && matchesText(remove_on_match.key_matcher, name))) {
        delete headers[name];
      }
    }
  }
}
