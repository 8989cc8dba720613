/** Values as text that is the same on both sides when they are. */

/** 1.50 and 1.5 are one amount; a tenth of a cent would be seen. */
export const money = (expression: string) => `trim_scale(${expression})::text`;
export const instant = (expression: string) =>
  `to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MSZ')`;
