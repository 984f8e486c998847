export { alerts } from '../features/alerts/table.ts';
export { auditLogs } from '../features/audit/table.ts';
export { budgets, fundingPeriods } from '../features/budgets/table.ts';
export { complianceChecks } from '../features/compliance/table.ts';
export { planDays, serviceDays } from '../features/dashboard/table.ts';
export { documents, documentVersions, documentWords } from '../features/documents/table.ts';
export { emailLogs, mailings } from '../features/emails/table.ts';
export { idempotencyKeys } from '../features/idempotency/table.ts';
export { importChunks, importDrafts, importMappings, importRows, imports } from '../features/imports/table.ts';
export { incidents } from '../features/incidents/table.ts';
export { jobRuns } from '../features/jobs/table.ts';
export { ledgerEntries, poolBoundaries } from '../features/ledger/table.ts';
export { liveTickets } from '../features/live/table.ts';
export { messageMentions, messages } from '../features/messages/table.ts';
export { metrics } from '../features/metrics/table.ts';
export { organizations } from '../features/organizations/table.ts';
export { participants, participantWords } from '../features/participants/table.ts';
export { plans } from '../features/plans/table.ts';
export { services } from '../features/services/table.ts';
export {
  catalogueListings,
  catalogues,
  ownItems,
  supportItems,
  supportItemWords,
} from '../features/support-items/table.ts';
export { threadEvents, threadReads, threads } from '../features/threads/table.ts';
export { uploadObjects, uploadParts } from '../features/uploads/table.ts';
export { users } from '../features/users/table.ts';
export { webhookMessages } from '../features/webhooks/table.ts';
