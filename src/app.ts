import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { configuration } from './env.ts';
import { alertRoutes } from './features/alerts/routes.ts';
import { auditRoutes } from './features/audit/routes.ts';
import { budgetRoutes, participantBudgetRoutes } from './features/budgets/routes.ts';
import { changeRoutes } from './features/changes/routes.ts';
import { complianceRoutes, participantComplianceRoutes } from './features/compliance/routes.ts';
import { dashboardRoutes } from './features/dashboard/routes.ts';
import { contentRoutes, linkRoutes } from './features/document-content/routes.ts';
import { documentRoutes } from './features/documents/routes.ts';
import { emailRoutes } from './features/emails/routes.ts';
import { healthRoutes } from './features/health/routes.ts';
import { importRoutes } from './features/imports/routes.ts';
import { incidentRoutes } from './features/incidents/routes.ts';
import { jobRoutes } from './features/jobs/routes.ts';
import { liveRoutes, participantLiveRoutes } from './features/live/routes.ts';
import { meRoutes } from './features/me/routes.ts';
import { messageRoutes } from './features/messages/routes.ts';
import { metricRoutes } from './features/metrics/routes.ts';
import { organizationRoutes } from './features/organizations/routes.ts';
import { participantRoutes } from './features/participants/routes.ts';
import { participantPlanRoutes, planRoutes } from './features/plans/routes.ts';
import { presenceRoutes } from './features/presence/routes.ts';
import { tellRoom } from './features/room/client.ts';
import { serviceRoutes } from './features/services/routes.ts';
import { session } from './features/sign-in/session.ts';
import { supportItemRoutes } from './features/support-items/routes.ts';
import { threadRoutes } from './features/threads/routes.ts';
import { uploadRoutes } from './features/uploads/routes.ts';
import { userRoutes } from './features/users/routes.ts';
import { webhookRoutes } from './features/webhooks/routes.ts';
import type { AppEnv } from './http/app-env.ts';
import { frame } from './http/frame.ts';
import { openApiRoutes } from './http/openapi.ts';
import { AppError } from './http/problem.ts';
import { answerProblem } from './http/problems.ts';
import { jsonOnly } from './http/validate.ts';

const crossOrigin = cors({
  origin: (origin, c) => (configuration(c.env).ALLOWED_ORIGINS.includes(origin) ? origin : null),
  allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'If-None-Match', 'If-Range', 'Range'],
  allowMethods: ['GET', 'POST', 'PATCH', 'DELETE'],
  exposeHeaders: [
    'Content-Disposition',
    'Content-Range',
    'ETag',
    'Idempotent-Replayed',
    'Location',
    'Retry-After',
    'Server-Timing',
    'X-Request-Id',
  ],
  maxAge: 600,
});

/** A signed address is its own credential, whatever page uses it: none is taken from the browser. */
const fromAnywhere = cors({
  origin: '*',
  allowHeaders: ['Content-Type', 'Range', 'If-Range', 'If-None-Match'],
  allowMethods: ['GET', 'PUT', 'POST'],
  exposeHeaders: ['ETag', 'Content-Range', 'Content-Disposition', 'X-Request-Id'],
  maxAge: 600,
});

/** Everything under `/v1`: signed in, and JSON where there is a body. */
const v1 = new Hono<AppEnv>()
  .use(session)
  .use(jsonOnly)
  .use(tellRoom)
  .route('/me', meRoutes)
  .route('/organization', organizationRoutes)
  .route('/users', userRoutes)
  .route('/participants', participantRoutes)
  .route('/participants', participantPlanRoutes)
  .route('/participants', participantBudgetRoutes)
  .route('/participants', participantLiveRoutes)
  .route('/participants', participantComplianceRoutes)
  .route('/plans', planRoutes)
  .route('/budgets', budgetRoutes)
  .route('/support-items', supportItemRoutes)
  .route('/services', serviceRoutes)
  .route('/imports', importRoutes)
  .route('/documents', documentRoutes)
  .route('/documents', contentRoutes)
  .route('/threads', threadRoutes)
  .route('/threads', messageRoutes)
  .route('/alerts', alertRoutes)
  .route('/incidents', incidentRoutes)
  .route('/compliance', complianceRoutes)
  .route('/dashboard', dashboardRoutes)
  .route('/metrics', metricRoutes)
  .route('/jobs', jobRoutes)
  .route('/emails', emailRoutes)
  .route('/audit-logs', auditRoutes)
  .route('/live', liveRoutes)
  .route('/live', changeRoutes)
  .route('/presence', presenceRoutes);

const routes = new Hono<AppEnv>()
  .use(frame)
  .use('/v1/*', crossOrigin)
  .use('/files/*', fromAnywhere)
  .route('/', healthRoutes)
  .route('/v1', v1)
  .route('/files', uploadRoutes)
  .route('/files', linkRoutes)
  .route('/webhooks', webhookRoutes);

/** The routes of the API, for Hono's typed client. */
export type AppType = typeof routes;

export const app = routes
  .route('/', openApiRoutes(routes))
  .notFound((c) => answerProblem(c, new AppError({ code: 'NOT_FOUND', detail: 'There is nothing at this address.' })))
  .onError((error, c) => answerProblem(c, error));
