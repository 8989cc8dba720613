import type { z } from 'zod';
import { syncStatus } from '../lag/sync-status.js';
import { branchBoards } from '../queries/branch-boards.js';
import { dailySales } from '../queries/daily-sales.js';
import { salesToday } from '../queries/minute-sales.js';
import { topSellers } from '../queries/top-sellers.js';

/** The events of the page's stream: the name of each and the schema of its data. */
export const parts = {
  freshness: syncStatus,
  today: salesToday,
  days: dailySales,
  top: topSellers,
  branches: branchBoards,
};

export type Parts = { readonly [P in keyof typeof parts]: z.output<(typeof parts)[P]> };
export type PartName = keyof Parts;
