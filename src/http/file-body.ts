/** What a form has beside its file. */
export interface FileForm {
  fields: Record<string, { description: string; example: string; enum?: string[]; maxLength?: number }>;
  needed: readonly string[];
}

/** The body of a route that takes a file: a form, or the file alone with the rest in the query. */
export function fileBody({ fields, needed }: FileForm) {
  const properties = Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, { type: 'string' as const, ...field }]),
  );
  const file = { type: 'string' as const, format: 'binary', description: 'The CSV file, up to 10 MB.' };
  return {
    required: true,
    content: {
      'multipart/form-data': {
        schema: { type: 'object' as const, required: ['file', ...needed], properties: { file, ...properties } },
      },
      'text/csv': {
        schema: { type: 'string' as const, description: 'The file itself, up to 50 MB; the rest in the query.' },
      },
    },
  };
}

/** The body of a route that takes bytes as they are. */
export function bytesBody(description: string) {
  const schema = { type: 'string' as const, format: 'binary', description };
  return { required: true, content: { '*/*': { schema } } };
}
