import * as z from 'zod';

type Json = unknown;

function isObject(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A JSON merge patch applied to a value (RFC 7396): absent leaves, null takes away, objects merge, all else replaces. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged = new Map<string, Json>(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

type Patch<Value> = Value extends readonly unknown[]
  ? Value
  : Value extends Record<string, unknown>
    ? { [Key in keyof Value]?: Patch<Value[Key]> | null | undefined }
    : Value;

/** A schema without what it says of absence: in a patch, absent never means the default. */
function inner(schema: z.core.$ZodType): z.core.$ZodType {
  const wrapped =
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodOptional;
  return wrapped ? inner(schema.unwrap()) : schema;
}

/** The schema of a merge patch for what `schema` describes: every field may be absent or null, at every depth. */
export function patchOf<Schema extends z.ZodType>(
  schema: Schema,
): z.ZodType<Patch<z.input<Schema>>, Patch<z.input<Schema>>> {
  return patchSchema(schema) as z.ZodType<Patch<z.input<Schema>>, Patch<z.input<Schema>>>;
}

function patchSchema(schema: z.core.$ZodType): z.core.$ZodType {
  const core = inner(schema);
  if (!(core instanceof z.ZodObject)) return core;
  const shape = Object.entries(core.shape).map(([key, value]) => [key, z.nullish(patchSchema(value))]);
  return z.strictObject(Object.fromEntries(shape));
}
