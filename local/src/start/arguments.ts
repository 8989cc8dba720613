/** Prints the usage for --help and exits with 2 for any other argument, in a command that has no arguments. */
export function refuseArguments(usage: string): void {
  const [first] = process.argv.slice(2);
  if (first === undefined) return;
  const isHelp = first === '--help' || first === '-h';
  if (isHelp) process.stdout.write(`${usage}\n`);
  else process.stderr.write(`unexpected argument "${first}"\n\n${usage}\n`);
  process.exit(isHelp ? 0 : 2);
}
