import { rm } from 'node:fs/promises';
import { stopLeftovers } from './run-records.js';

const [, , runDir, temporaryDir] = process.argv;
if (runDir === undefined) throw new Error('usage: guard-process <folder of run records> [folder to remove]');

process.stdin.resume();
await new Promise((resolve) => process.stdin.once('close', resolve));
await stopLeftovers(runDir);
if (temporaryDir !== undefined) await rm(temporaryDir, { recursive: true, force: true });
