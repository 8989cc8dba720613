const SCALE_DIGITS = 12;

/** Subtracts amounts of any size exactly. They are texts as the database writes them, not floating-point numbers. */
export function minus(a: string, b: string): string {
  return textOf(scaled(a) - scaled(b));
}

function scaled(text: string): bigint {
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.');
  const value = BigInt(whole + fraction.padEnd(SCALE_DIGITS, '0').slice(0, SCALE_DIGITS));
  return text.startsWith('-') ? -value : value;
}

function textOf(value: bigint): string {
  const digits = String(value < 0n ? -value : value).padStart(SCALE_DIGITS + 1, '0');
  const whole = digits.slice(0, -SCALE_DIGITS);
  const fraction = digits.slice(-SCALE_DIGITS).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${whole}${fraction && `.${fraction}`}`;
}
