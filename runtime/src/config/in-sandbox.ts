import { containerPath, type Sandbox } from './sandbox';
import { standInAddress, standInUrl } from './stand-in';

/** Keys whose values are servers that the process connects to. */
const WEB_ADDRESSES = new Set(['url', 'uri', 'endpoint', 'jwksUri']);

/** The configuration with the servers of this machine in place of those that it names. */
export function withStandIns<T>(value: T, sandbox: Sandbox): T {
  return mapTexts(value, (key, text) =>
    key === 'address' ? standInAddress(text, sandbox) : WEB_ADDRESSES.has(key) ? standInUrl(text, sandbox) : text,
  );
}

/** Keys whose values are the user's own data. */
const USER_DATA = new Set(['request', 'prediction', 'defaultPrediction']);

/** The configuration with its paths below the sandbox's root: in the contract the key of every path ends so. */
export function withContainerPaths<T>(value: T): T {
  return mapTexts(value, (key, text) => (/(^p|P)ath$/.test(key) ? containerPath(text) : text));
}

/** The configuration with its texts replaced, by their keys. */
function mapTexts<T>(value: T, replace: (key: string, text: string) => string): T {
  if (Array.isArray(value)) {
    return value.map((each: unknown) => mapTexts(each, replace)) as T;
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const entries = Object.entries(value).map(([key, each]) => [
    key,
    typeof each === 'string' ? replace(key, each) : USER_DATA.has(key) ? each : mapTexts(each, replace),
  ]);
  return Object.fromEntries(entries);
}
