import { applyD1Migrations, type D1Migration } from 'cloudflare:test';
import { env } from 'cloudflare:workers';

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof import('../../../src/worker.ts');
    }
    interface Env {
      TEST_MIGRATIONS: D1Migration[];
      TEST_KEYS: string;
    }
  }
}

await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
