import { PAGE } from './page';
import { SCRIPT } from './script';
import { STYLE } from './style';

/** Path of the page where a person sends predictions. */
export const PAGE_PATH = '/docs';

/** The page and its files, by their path. */
export const DOCS_FILES: Readonly<Record<string, { readonly type: string; readonly text: string }>> = {
  [PAGE_PATH]: { type: 'text/html; charset=utf-8', text: PAGE },
  '/docs/page.css': { type: 'text/css; charset=utf-8', text: STYLE },
  '/docs/page.js': { type: 'text/javascript; charset=utf-8', text: SCRIPT },
};

/** Paths of {@link DOCS_FILES}. */
export const DOCS_PATHS: readonly string[] = Object.keys(DOCS_FILES);
