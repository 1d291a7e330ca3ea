export { Proxies } from './proxies';
