/**
 * All that the OpenAPI document's library takes of `zod/v4/core`. In the bundle this file stands for it
 * (`wrangler.toml`): taken whole at run time, zod would bring its messages in fifty languages, a quarter of the Worker.
 */
export { toJSONSchema } from 'zod';
