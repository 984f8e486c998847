/** One line of the table. Figures that a line does not have are left out. */
export interface Line {
  what: string;
  measured: string;
  bare?: string;
  ratio?: string;
  target: string;
  /** Null where there is nothing to reach. */
  ok: boolean | null;
}

/** What a part of the benchmark found: its lines, its figures for `--json`, and how they are meant. */
export interface Finding {
  lines: Line[];
  figures: unknown;
  notes: string[];
}

const HEAD = ['what', 'measured', 'bare', 'ratio', 'target', ''];

function cells(line: Line): string[] {
  const verdict = line.ok === null ? '' : line.ok ? 'ok' : 'MISSED';
  return [line.what, line.measured, line.bare ?? '', line.ratio ?? '', line.target, verdict];
}

/** The lines as an aligned table. */
export function table(lines: readonly Line[]): string {
  const rows = [HEAD, ...lines.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const text = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const [head, ...body] = rows.map((row) => text(row).trimEnd());
  return [head, rule, ...body].join('\n');
}
