/** Address that stands for every pod's: all processes run on this machine. */
export const POD_ADDRESS = '127.0.0.1';
