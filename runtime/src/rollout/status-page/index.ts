export { statusPage } from './status-page';
