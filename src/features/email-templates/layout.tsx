import type { Child } from 'hono/jsx';

/** A message to a person, as it is sent. */
export interface Rendered {
  subject: string;
  text: string;
  html: string;
}

/** A name in a subject: first name and initial, whatever is in it, on one line. */
export function shortName({ firstName, lastName }: { firstName: string; lastName: string }): string {
  // By what is read as one letter, marks and flags included.
  const [initial] = new Intl.Segmenter().segment(plain(lastName));
  return initial ? `${plain(firstName)} ${initial.segment}.`.trim() : plain(firstName);
}

/** A text on one line, without controls and marks of direction, of a length for a subject. */
export function plain(text: string): string {
  const line = text.replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]+/gu, ' ').trim();
  const characters = [...line];
  return characters.length > 60 ? `${characters.slice(0, 59).join('')}…` : line;
}

const BODY =
  'margin:0;padding:0;background:#f5f5f4;color:#1c1917;font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif';
const CARD = 'max-width:560px;margin:0 auto;padding:20px 16px;background:#ffffff;overflow-wrap:anywhere';
const BUTTON =
  'display:inline-block;padding:10px 16px;background:#1d4ed8;color:#ffffff;text-decoration:none;border-radius:6px';
const FOOT = 'margin:24px 0 0;color:#57534e;font-size:13px';

/** A page that reads without pictures and fits a phone. */
function Page({ title, link, children }: { title: string; link: Link | null; children: Child }) {
  return (
    <html lang="en-AU">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
      </head>
      <body style={BODY}>
        <div style={CARD}>
          <h1 style="margin:0 0 12px;font-size:20px;line-height:1.3">{title}</h1>
          {children}
          {link && (
            <p style="margin:20px 0 0">
              <a href={link.url} style={BUTTON}>
                {link.label}
              </a>
            </p>
          )}
          <p style={FOOT}>You get this because of your notification settings in Caddy.</p>
        </div>
      </body>
    </html>
  );
}

export interface Link {
  label: string;
  url: string;
}

/** What a message says: paragraphs and rows of names and values, the same in text and HTML. */
export interface Content {
  subject: string;
  title: string;
  paragraphs: string[];
  /** Lists of rows, each under a heading or without. */
  tables?: { heading?: string; rows: [name: string, value: string][] }[];
  link: Link | null;
}

const CELL = 'padding:6px 8px 6px 0;border-bottom:1px solid #e7e5e4;vertical-align:top;text-align:left';

function Table({ heading, rows }: NonNullable<Content['tables']>[number]) {
  return (
    <>
      {heading !== undefined && <h2 style="margin:20px 0 4px;font-size:16px">{heading}</h2>}
      <table style="width:100%;border-collapse:collapse;table-layout:fixed">
        <tbody>
          {rows.map(([name, value]) => (
            <tr>
              <th style={`${CELL};font-weight:normal;color:#57534e`}>{name}</th>
              <td style={CELL}>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** Renders what a message says. Everything in it is text: HTML in it stays text. */
export function render({ subject, title, paragraphs, tables = [], link }: Content): Rendered {
  const html = (
    <Page title={title} link={link}>
      {paragraphs.map((paragraph) => (
        <p style="margin:0 0 12px;white-space:pre-wrap">{paragraph}</p>
      ))}
      {tables.map((table) => (
        <Table {...table} />
      ))}
    </Page>
  );
  const lists = tables.map(({ heading, rows }) =>
    [...(heading === undefined ? [] : [heading]), ...rows.map(([name, value]) => `${name}: ${value}`)].join('\n'),
  );
  const text = [title, ...paragraphs, ...lists, ...(link ? [`${link.label}: ${link.url}`] : [])].join('\n\n');
  return { subject, text: `${text}\n`, html: `<!doctype html>${html}` };
}
