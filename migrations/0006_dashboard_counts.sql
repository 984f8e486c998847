-- Counts what is there already, as src/features/dashboard/count.ts counts what comes.
UPDATE organizations SET
  inactive_count = (SELECT count(*) FROM participants WHERE organization_id = organizations.id AND status = 'inactive'),
  open_alerts = (SELECT count(*) FROM alerts WHERE organization_id = organizations.id AND status = 'open');
--> statement-breakpoint
UPDATE alerts SET is_counted = 1 WHERE status = 'open';
--> statement-breakpoint
INSERT INTO service_days (organization_id, date, services, spent_cents)
SELECT organization_id, service_date, count(*), sum(total_cost_cents) FROM services WHERE status = 'completed'
GROUP BY organization_id, service_date;
--> statement-breakpoint
UPDATE plans SET counted_start = start_date, counted_end = end_date,
  counted_green = (SELECT count(*) FROM budgets WHERE plan_id = plans.id AND colour = 'green'),
  counted_amber = (SELECT count(*) FROM budgets WHERE plan_id = plans.id AND colour = 'amber'),
  counted_red = (SELECT count(*) FROM budgets WHERE plan_id = plans.id AND colour = 'red')
WHERE participant_id IN (SELECT id FROM participants WHERE status <> 'archived');
--> statement-breakpoint
INSERT INTO plan_days (organization_id, edge, bucket, plans, green, amber, red)
SELECT plans.organization_id, edge.column1, substr(iif(edge.column2 = 'start', plans.counted_start, plans.counted_end), 1, edge.column3),
  count(*), sum(plans.counted_green), sum(plans.counted_amber), sum(plans.counted_red)
FROM plans CROSS JOIN (VALUES ('start.d', 'start', 10), ('start.m', 'start', 7), ('start.y', 'start', 4),
  ('end.d', 'end', 10), ('end.m', 'end', 7), ('end.y', 'end', 4)) edge
WHERE plans.counted_start IS NOT NULL GROUP BY 1, 2, 3;
