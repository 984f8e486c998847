import { type Answer, type Caller, type Json, send } from './tenant.ts';

/** The smallest file that is taken for a PDF. */
export const PDF = '%PDF-1.7\n%%EOF\n';
export const PDF_TYPE = { 'content-type': 'application/pdf' };
/** Comes in parts of 8 MiB, of which the last, the eighth, is a single byte. */
export const IN_PARTS = 56 * 1024 * 1024 + 1;

let numbers = 0;

/** The body that announces a document of the organisation's; no two are equal. */
export function documentBody(more: Json = {}): Json {
  numbers += 1;
  return { type: 'report', title: `Report ${numbers}`, ...fileBody(), ...more };
}

/** The body that announces a file. */
export function fileBody(more: Json = {}): Json {
  numbers += 1;
  return { fileName: `report-${numbers}.pdf`, contentType: 'application/pdf', sizeBytes: PDF.length, ...more };
}

function expectStatus({ status, body }: Answer, expected: number): Json {
  if (status !== expected) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return body;
}

/** The signed part of an address. */
export function tokenOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

/** A document that waits for its file, and where that goes. */
export async function announce(admin: Caller, more: Json = {}): Promise<{ id: string; upload: Json }> {
  const { document, upload } = expectStatus(await admin.post('/v1/documents', documentBody(more)), 201);
  return { id: document.id, upload };
}

/** Where the file of a new version goes. */
export async function announceVersion(admin: Caller, id: string, more: Json = {}): Promise<Json> {
  return expectStatus(await admin.post(`/v1/documents/${id}/versions`, fileBody(more)), 201).upload;
}

/** Sends the PDF to an address. */
export async function sendPdf(url: string): Promise<void> {
  expectStatus(await send('PUT', new URL(url).pathname, { body: PDF, headers: PDF_TYPE }), 200);
}

/** A document whose file has come, and is not confirmed yet. */
export async function comeDocument(admin: Caller, more: Json = {}): Promise<string> {
  const { id, upload } = await announce(admin, more);
  await sendPdf(upload.url);
  return id;
}

/** A document that is uploaded. */
export async function newDocument(admin: Caller, more: Json = {}): Promise<string> {
  const id = await comeDocument(admin, more);
  expectStatus(await admin.post(`/v1/documents/${id}/confirm`), 200);
  return id;
}
