export { localFile } from './content';
export { ObjectChangedError } from './error';
export { type Pattern, parsePattern } from './glob';
export type { Content, LocalFile, ObjectInfo, ObjectStore, ReadRange } from './object-store';
export { type OpenStoreOptions, openStore } from './open-store';
export { requireCreateOnly } from './probe';
