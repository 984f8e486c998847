import { Hono } from 'hono';
import { isUnchanged } from '../../http/answer.ts';
import type { AppEnv } from '../../http/app-env.ts';
import { SUPPORT_ITEM_CODE_PATTERN } from '../../http/fields.ts';
import { operation } from '../../http/operation.ts';
import { etag } from '../../http/revision.ts';
import { validate } from '../../http/validate.ts';
import { sha256 } from '../../text/digest.ts';
import { listSupportItems, readSupportItem } from './queries.ts';
import { ListSupportItems, ReadSupportItem, SupportItemList, SupportItemSchema } from './schemas.ts';

const tag = 'Support items';

export const supportItemRoutes = new Hono<AppEnv>()
  .get(
    '/',
    operation('read', {
      id: 'listSupportItems',
      summary: 'List support items',
      description:
        'The items that count on `date` (today), by number, with the price limit of `zone`. `category` is the catalogue category or the PACE category.',
      tag,
      permission: 'authenticated',
      success: { status: 200, description: 'A page of items.', schema: SupportItemList },
      errors: ['VALIDATION_FAILED', 'INVALID_CURSOR'],
    }),
    validate('query', ListSupportItems),
    async (c) => c.json(await listSupportItems(c.var.context, c.req.valid('query')), 200),
  )
  .get(
    '/:code',
    operation('read', {
      id: 'getSupportItem',
      summary: 'Read a support item',
      description: 'As it is on `date` (today), with the price limit of `zone`.',
      tag,
      permission: 'authenticated',
      conditional: true,
      parameters: [
        {
          name: 'code',
          in: 'path',
          required: true,
          description: "The item's number in the catalogue.",
          schema: { type: 'string', pattern: SUPPORT_ITEM_CODE_PATTERN },
          example: '01_011_0107_1_1',
        },
      ],
      success: { status: 200, description: 'The item.', schema: SupportItemSchema },
      errors: ['NOT_FOUND', 'VALIDATION_FAILED'],
    }),
    validate('query', ReadSupportItem),
    async (c) => {
      const { date, zone } = c.req.valid('query');
      const item = await readSupportItem(c.var.context, { code: c.req.param('code'), date, zone });
      // The catalogue keeps no revisions: what it says stands for one.
      const revision = (await sha256(JSON.stringify(item))).slice(0, 16);
      if (isUnchanged(c, revision)) return c.body(null, 304, { ETag: etag(revision) });
      return c.json(item, 200, { ETag: etag(revision) });
    },
  );
