import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { BaseRoutes } from './base-routes';
import type { SharesByRollout } from './shares';

/**
 * Puts a text in the place of a file, at once: whoever reads it finds the former text or this one.
 *
 * It is not forced to the disk: what a crash of the node leaves is recognized by its content, see {@link seedRoutes}. Not
 * asynchronous, so that a later text cannot be overtaken by an earlier one.
 */
export function replaceFile(path: string, text: string): void {
  const temporary = join(dirname(path), `.${basename(path)}.new`);
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

/**
 * Makes sure that there are routes: those that were written before, when they were made from the same manifest, else those
 * of the manifest. So a process that starts again, or a whole pod on its node, does not take a promoted candidate back for
 * the moment that it takes to ask the API.
 *
 * @returns the shares of the routes that are there now
 */
export function seedRoutes(base: BaseRoutes, path: string): SharesByRollout {
  const found = base.adopt(textOf(path));
  if (found !== undefined) {
    return found;
  }
  replaceFile(path, base.render(base.shares).text);
  return base.shares;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // adopted by nobody
  }
}
