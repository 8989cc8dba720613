import { viewGrants } from './projections/view-grants.js';

process.stdout.write(viewGrants());
