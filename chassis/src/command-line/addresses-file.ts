/** Written by `npm start` while it runs, in the form of .env, below the root of the clone: where it has put everything. */
export const ADDRESSES_FILE = '.data/run/addresses.env';
