import { run } from './cli';

void run(process.argv);
