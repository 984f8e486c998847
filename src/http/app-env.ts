import type { Context as HonoContext } from 'hono';
import type { Context } from '../context.ts';
import type { Usage } from '../database/database.ts';

/** What Hono knows of a request: the bindings, and what the first middlewares put beside them. */
export interface AppEnv {
  Bindings: Env;
  Variables: { requestId: string; usage: Usage; started: number; context: Context };
}

export type Request = HonoContext<AppEnv>;
