CREATE TABLE `alerts` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`participant_id` text NOT NULL,
	`plan_id` text,
	`subject_id` text NOT NULL,
	`budget_id` text,
	`kind` text NOT NULL,
	`severity` text NOT NULL,
	`status` text DEFAULT 'open' NOT NULL,
	`period_start` text NOT NULL,
	`threshold` integer NOT NULL,
	`figures` text DEFAULT '{}' NOT NULL,
	`at` integer NOT NULL,
	`acknowledged_at` integer,
	`acknowledged_by` text,
	`resolved_at` integer,
	`resolved_by` text,
	`cleared_at` integer,
	`revision` integer DEFAULT 1 NOT NULL,
	`change_id` text,
	FOREIGN KEY (`participant_id`) REFERENCES `participants`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "alert_kind" CHECK("alerts"."kind" IN ('budget_threshold', 'run_out', 'underspend', 'plan_expiry', 'compliance')),
	CONSTRAINT "alert_severity" CHECK("alerts"."severity" IN ('info', 'warning', 'critical')),
	CONSTRAINT "alert_status" CHECK("alerts"."status" IN ('open', 'acknowledged', 'resolved')),
	CONSTRAINT "alert_resolved" CHECK(("alerts"."status" = 'resolved') = ("alerts"."resolved_at" IS NOT NULL)),
	CONSTRAINT "alert_cleared" CHECK("alerts"."cleared_at" IS NULL OR "alerts"."status" = 'resolved'),
	CONSTRAINT "alert_figures_json" CHECK(json_valid("alerts"."figures"))
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `alerts_standing` ON `alerts` (`subject_id`,`kind`,`period_start`,`threshold`) WHERE cleared_at IS NULL;--> statement-breakpoint
CREATE INDEX `alerts_by_creation` ON `alerts` (`organization_id`,`id`);--> statement-breakpoint
CREATE INDEX `alerts_by_participant` ON `alerts` (`organization_id`,`participant_id`,`id`);--> statement-breakpoint
CREATE INDEX `alerts_by_status` ON `alerts` (`organization_id`,`status`,`id`);--> statement-breakpoint
CREATE INDEX `alerts_participant_key` ON `alerts` (`participant_id`);--> statement-breakpoint
CREATE INDEX `alerts_by_plan` ON `alerts` (`plan_id`) WHERE cleared_at IS NULL;--> statement-breakpoint
CREATE INDEX `alerts_standing_by_kind` ON `alerts` (`organization_id`,`kind`,`subject_id`) WHERE cleared_at IS NULL;--> statement-breakpoint
CREATE INDEX `alerts_by_change` ON `alerts` (`change_id`);--> statement-breakpoint
CREATE TABLE `email_logs` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`template` text NOT NULL,
	`entity_id` text NOT NULL,
	`occasion` text NOT NULL,
	`user_id` text NOT NULL,
	`to_address` text NOT NULL,
	`subject` text NOT NULL,
	`body_text` text NOT NULL,
	`body_html` text NOT NULL,
	`status` text DEFAULT 'queued' NOT NULL,
	`provider_id` text,
	`attempts` integer DEFAULT 0 NOT NULL,
	`at` integer NOT NULL,
	`sent_at` integer,
	`updated_at` integer NOT NULL,
	CONSTRAINT "email_log_template" CHECK("email_logs"."template" IN ('budget_alert', 'daily_digest', 'compliance_report', 'plan_expiry', 'import_finished', 'mention', 'invitation')),
	CONSTRAINT "email_log_status" CHECK("email_logs"."status" IN ('queued', 'sent', 'delivered', 'bounced', 'complained', 'failed', 'suppressed'))
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `email_logs_once` ON `email_logs` (`organization_id`,`occasion`);--> statement-breakpoint
CREATE INDEX `email_logs_by_creation` ON `email_logs` (`organization_id`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `email_logs_provider` ON `email_logs` (`provider_id`);--> statement-breakpoint
CREATE INDEX `email_logs_queued` ON `email_logs` (`updated_at`) WHERE status = 'queued';--> statement-breakpoint
CREATE TABLE `job_runs` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`job` text NOT NULL,
	`due_on` text NOT NULL,
	`status` text DEFAULT 'queued' NOT NULL,
	`counts` text DEFAULT '{}' NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`finished_at` integer,
	CONSTRAINT "job_run_job" CHECK("job_runs"."job" IN ('daily-budget-check', 'weekly-compliance-check', 'plan-expiry-check')),
	CONSTRAINT "job_run_status" CHECK("job_runs"."status" IN ('queued', 'running', 'completed', 'failed')),
	CONSTRAINT "job_run_counts_json" CHECK(json_valid("job_runs"."counts"))
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `job_runs_once` ON `job_runs` (`organization_id`,`job`,`due_on`);--> statement-breakpoint
CREATE INDEX `job_runs_by_creation` ON `job_runs` (`organization_id`,`id`);--> statement-breakpoint
CREATE INDEX `job_runs_unfinished` ON `job_runs` (`created_at`) WHERE status IN ('queued', 'running');--> statement-breakpoint
CREATE TABLE `mailings` (
	`organization_id` text NOT NULL,
	`template` text NOT NULL,
	`entity_id` text NOT NULL,
	`occasion` text DEFAULT '' NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`organization_id`, `template`, `entity_id`, `occasion`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `mailings_by_age` ON `mailings` (`at`);--> statement-breakpoint
ALTER TABLE `documents` ADD `last_version` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `organizations` ADD `alert_settings` text DEFAULT '{"warningPercent":75,"criticalPercent":90,"runOutDays":14,"underspendPercent":50}' NOT NULL;--> statement-breakpoint
ALTER TABLE `organizations` ADD `jobs_on` text DEFAULT '' NOT NULL;--> statement-breakpoint
CREATE INDEX `organizations_by_jobs` ON `organizations` (`time_zone`,`jobs_on`);--> statement-breakpoint
ALTER TABLE `users` ADD `email_bounced_at` integer;--> statement-breakpoint
CREATE INDEX `participants_by_organization` ON `participants` (`organization_id`,`id`);