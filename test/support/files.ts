import { crc32, joined, type Packed, zip } from './zip.ts';

/** The smallest files of each type that other programs open, and files that are not what they say. */

export const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
export const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

export const text = (content: string) => new TextEncoder().encode(content);

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** A PDF of one empty page; `inside` stands in a comment of it. */
export function pdf(inside = ''): Uint8Array {
  return joined(
    `%PDF-1.4\n%${inside.replaceAll('\n', ' ')}\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n`,
    '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n',
  );
}

function chunk(type: string, data: readonly number[]): number[] {
  const body = joined(type, data);
  const crc = crc32(body);
  const big = (value: number) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
  return [...big(data.length), ...body, ...big(crc)];
}

/** One grey pixel. */
export function png(): Uint8Array {
  const header = chunk('IHDR', [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
  const pixel = chunk('IDAT', [0x78, 0x9c, 0x63, 0x68, 0, 0, 0, 0x82, 0, 0x81]);
  return joined(PNG, header, pixel, chunk('IEND', []));
}

/** One pixel, in baseline JPEG with a JFIF header. */
export function jpeg(): Uint8Array {
  return bytesOf(
    '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8QEBD/yQALCAABAAEBAREA/8wABgAQEAX/2gAIAQEAAD8A0s8g/9k=',
  );
}

/** A box of an ISO media file. */
function box(type: string, content: readonly number[] | Uint8Array | string): Uint8Array {
  const length = joined(content).length + 8;
  return joined([length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255], type, content);
}

function media(brand: string): Uint8Array {
  return joined(box('ftyp', joined(brand, [0, 0, 0, 0], brand)), box('mdat', 'media'), box('moov', ''));
}

const OFFICE: Record<'docx' | 'xlsx', Packed[]> = {
  docx: [
    {
      name: '[Content_Types].xml',
      content: `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
    },
    { name: '_rels/.rels', content: '<Relationships/>', deflated: true },
    { name: 'word/document.xml', content: '<w:document/>'.repeat(20), deflated: true },
  ],
  xlsx: [
    { name: '[Content_Types].xml', content: '<Types/>' },
    { name: 'xl/workbook.xml', content: '<workbook/>', deflated: true },
    { name: 'xl/worksheets/sheet1.xml', content: '<worksheet/>', deflated: true },
  ],
};

/** An Office file, with more in it than it needs. */
export function office(family: 'docx' | 'xlsx', ...more: Packed[]): Promise<Uint8Array> {
  return zip([...OFFICE[family], ...more]);
}

/** A file of every type that is kept, under the type it is declared as. */
export async function samples(): Promise<Record<string, Uint8Array>> {
  const ole = joined([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1], new Uint8Array(504));
  return {
    'application/pdf': pdf(),
    'application/msword': ole,
    [DOCX]: await office('docx'),
    'application/vnd.ms-excel': ole,
    [XLSX]: await office('xlsx'),
    'text/csv': text('Name,Amount\r\nZoë,12\r\n'),
    'text/plain': text('Mornings only.\n'),
    'image/png': png(),
    'image/jpeg': jpeg(),
    'image/heic': media('heic'),
    'image/heif': media('mif1'),
    'image/webp': bytesOf('UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA'),
    'video/mp4': media('isom'),
    'audio/mpeg': joined('ID3', [4, 0, 0, 0, 0, 0, 0], [0xff, 0xfb, 0x90, 0], new Uint8Array(413)),
    'audio/mp4': media('M4A '),
    'audio/x-m4a': media('M4A '),
  };
}

/** An archive of some kilobytes that unpacks to a thousand times that. */
export function bomb(): Promise<Uint8Array> {
  const content = new Uint8Array(12 * 1024 * 1024);
  return office('docx', { name: 'word/media/image1.bmp', content, deflated: true });
}

const PAGE = '<!DOCTYPE html><html><script>alert(1)</script></html>';
const SVG = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>';
const PROGRAM = joined('MZ', new Uint8Array(100));
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const JPEG = [0xff, 0xd8, 0xff];
const JAR = [{ name: 'META-INF/MANIFEST.MF', content: 'Main-Class: Evil' }];

export interface Lie {
  name: string;
  contentType: string;
  bytes: Uint8Array;
  /** Whether it begins as it should, and only its contents list tells. */
  isArchive: boolean;
}

/** Files that their first bytes give away. */
async function byBeginning(): Promise<Omit<Lie, 'isArchive'>[]> {
  const [jar, docx] = [await zip(JAR), await office('docx')];
  const shell = '#!/bin/sh\nrm -rf ~\n';
  return [
    { name: 'a page called PDF', contentType: 'application/pdf', bytes: text(PAGE) },
    { name: 'a page before a PDF', contentType: 'application/pdf', bytes: joined(PAGE, pdf()) },
    {
      name: 'a script behind the signature of PNG',
      contentType: 'image/png',
      bytes: joined(PNG, '<script>1</script>'),
    },
    { name: 'a program called PNG', contentType: 'image/png', bytes: PROGRAM },
    { name: 'a script behind the first bytes of JPEG', contentType: 'image/jpeg', bytes: joined(JPEG, '=1;alert(1)') },
    { name: 'a PNG called JPEG', contentType: 'image/jpeg', bytes: png() },
    { name: 'a GIF before a program archive, called WebP', contentType: 'image/webp', bytes: joined('GIF89a', jar) },
    { name: 'a GIF before a docx, called docx', contentType: DOCX, bytes: joined('GIF89a', docx) },
    { name: 'a docx called doc', contentType: 'application/msword', bytes: docx },
    { name: 'a drawing with scripts called text', contentType: 'text/plain', bytes: text(SVG) },
    { name: 'a page called text', contentType: 'text/plain', bytes: text(`\ufeff \n${PAGE}`) },
    { name: 'a page called CSV', contentType: 'text/csv', bytes: text('<script>alert(1)</script>,b\n') },
    { name: 'a page in UTF-16 called text', contentType: 'text/plain', bytes: joined([0xff, 0xfe], utf16(PAGE)) },
    { name: 'a PDF called text', contentType: 'text/plain', bytes: pdf() },
    { name: 'a program called text', contentType: 'text/plain', bytes: PROGRAM },
    { name: 'a shell’s program called text', contentType: 'text/plain', bytes: text(shell) },
    { name: 'a picture called video', contentType: 'video/mp4', bytes: media('heic') },
    { name: 'a page called sound', contentType: 'audio/mpeg', bytes: text(PAGE) },
  ];
}

/** Archives that begin as they should, and are given away by what is in them. */
async function byContents(): Promise<Omit<Lie, 'isArchive'>[]> {
  const docx = (...more: Packed[]) => office('docx', ...more);
  const xlsx = await office('xlsx', { name: 'xl/VBAPROJECT.BIN', content: 'Sub AutoOpen()' });
  return [
    { name: 'a program archive called docx', contentType: DOCX, bytes: await zip(JAR) },
    { name: 'an ordinary archive called docx', contentType: DOCX, bytes: await zip([{ name: 'a.txt', content: 'a' }]) },
    { name: 'a docx called xlsx', contentType: XLSX, bytes: await docx() },
    {
      name: 'a docx with macros',
      contentType: DOCX,
      bytes: await docx({ name: 'word/vbaProject.bin', content: 'Sub' }),
    },
    { name: 'an xlsx with macros', contentType: XLSX, bytes: xlsx },
    { name: 'a docx that unpacks to a thousand times its size', contentType: DOCX, bytes: await bomb() },
    {
      name: 'a docx with an entry of 4 GB',
      contentType: DOCX,
      bytes: await docx({ name: 'a', claimedBytes: 0xffffffff }),
    },
    { name: 'a docx with a name that leads out', contentType: DOCX, bytes: await docx({ name: '../../evil.exe' }) },
    { name: 'a docx that was cut short', contentType: DOCX, bytes: (await docx()).slice(0, -30) },
    { name: 'a docx with more behind its end', contentType: DOCX, bytes: joined(await docx(), PAGE) },
  ];
}

/** Files that are not what they are called. */
export async function lies(): Promise<Lie[]> {
  const [early, late] = [await byBeginning(), await byContents()];
  return [...early.map((lie) => ({ ...lie, isArchive: false })), ...late.map((lie) => ({ ...lie, isArchive: true }))];
}

function utf16(content: string): number[] {
  return [...content].flatMap((letter) => [letter.charCodeAt(0) & 255, letter.charCodeAt(0) >> 8]);
}
