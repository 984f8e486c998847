export type LostOutcome = 'lost';
/** `busy`: surely not applied. `lost`: perhaps applied. `fatal`: our own mistake, or a rule of the schema. */
export type Fault = LostOutcome | 'busy' | 'fatal';

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} ${error.cause.message}` : error.message;
}

/** The violated rule's name: a CHECK's own, or `table.column` of the first column of a taken key; else null. */
export function constraintOf(error: unknown): string | null {
  const message = messageOf(error);
  const found = /(?:CHECK|UNIQUE|NOT NULL) constraint failed: ([\w.]+)/.exec(message);
  if (found?.[1] !== undefined) return found[1];
  return message.includes('FOREIGN KEY constraint failed') ? 'foreign_key' : null;
}

/** What an error of D1 says about the batch that it answers. */
export function faultOf(error: unknown): Fault {
  const message = messageOf(error);
  if (constraintOf(error) !== null) return 'fatal';
  if (/SQLITE_BUSY|SQLITE_LOCKED|database is locked|database table is locked|overloaded/i.test(message)) return 'busy';
  if (
    /SQLITE_ERROR|syntax error|no such (?:table|column)|D1_TYPE_ERROR|SQLITE_MISMATCH|SQLITE_TOOBIG|datatype mismatch/i.test(
      message,
    )
  ) {
    return 'fatal';
  }
  return 'lost';
}
