/** Two jest workers with their pools soon use up the default of 100 connections; no test outlives a crash of the machine. */
export const TEST_POSTGRES_SETTINGS = {
  max_connections: '300',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
} as const;
