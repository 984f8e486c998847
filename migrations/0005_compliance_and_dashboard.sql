CREATE TABLE `compliance_checks` (
	`participant_id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`score` integer,
	`hard_fail` integer NOT NULL,
	`inputs` text NOT NULL,
	`checked_at` integer NOT NULL,
	`counted_score` integer,
	`counted_fail` integer DEFAULT 0 NOT NULL,
	FOREIGN KEY (`participant_id`) REFERENCES `participants`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "compliance_score" CHECK("compliance_checks"."score" BETWEEN 0 AND 100),
	CONSTRAINT "compliance_inputs_json" CHECK(json_valid("compliance_checks"."inputs"))
) STRICT;
--> statement-breakpoint
CREATE INDEX `compliance_checks_worst` ON `compliance_checks` (`organization_id`,`score`,`participant_id`) WHERE score IS NOT NULL;--> statement-breakpoint
CREATE TABLE `incidents` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`participant_id` text,
	`category` text NOT NULL,
	`caused_harm` integer NOT NULL,
	`description` text NOT NULL,
	`actions_taken` text NOT NULL,
	`state` text NOT NULL,
	`occurred_at` integer NOT NULL,
	`became_aware_at` integer NOT NULL,
	`reportable` integer NOT NULL,
	`notified_at` integer,
	`reported_at` integer,
	`notify_by` integer,
	`report_by` integer,
	`status` text DEFAULT 'open' NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`revision` integer DEFAULT 1 NOT NULL,
	`change_id` text,
	FOREIGN KEY (`participant_id`) REFERENCES `participants`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "incident_category" CHECK("incidents"."category" IN ('death', 'serious_injury', 'abuse_or_neglect', 'unlawful_contact', 'sexual_misconduct', 'restrictive_practice', 'other')),
	CONSTRAINT "incident_status" CHECK("incidents"."status" IN ('open', 'closed')),
	CONSTRAINT "incident_state" CHECK("incidents"."state" IN ('NSW', 'VIC', 'QLD', 'SA', 'WA', 'TAS', 'ACT', 'NT')),
	CONSTRAINT "incident_flags" CHECK("incidents"."caused_harm" IN (0, 1) AND "incidents"."reportable" IN (0, 1)),
	CONSTRAINT "incident_aware" CHECK("incidents"."became_aware_at" >= "incidents"."occurred_at"),
	CONSTRAINT "incident_clocks" CHECK(("incidents"."reportable" = 1) = ("incidents"."notify_by" IS NOT NULL) AND ("incidents"."reportable" = 1) = ("incidents"."report_by" IS NOT NULL))
) STRICT;
--> statement-breakpoint
CREATE INDEX `incidents_by_creation` ON `incidents` (`organization_id`,`id`);--> statement-breakpoint
CREATE INDEX `incidents_by_participant` ON `incidents` (`organization_id`,`participant_id`,`id`);--> statement-breakpoint
CREATE INDEX `incidents_by_status` ON `incidents` (`organization_id`,`status`,`id`);--> statement-breakpoint
CREATE INDEX `incidents_by_category` ON `incidents` (`organization_id`,`category`,`id`);--> statement-breakpoint
CREATE INDEX `incidents_participant_key` ON `incidents` (`participant_id`);--> statement-breakpoint
CREATE INDEX `incidents_due` ON `incidents` (`organization_id`,`notify_by`) WHERE reportable = 1 AND (notified_at IS NULL OR reported_at IS NULL);--> statement-breakpoint
CREATE TABLE `metrics` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`metric` text NOT NULL,
	`value` real NOT NULL,
	`tags` text NOT NULL,
	`user_id` text,
	`at` integer NOT NULL,
	CONSTRAINT "metric_tags_json" CHECK(json_valid("metrics"."tags"))
) STRICT;
--> statement-breakpoint
CREATE INDEX `metrics_by_creation` ON `metrics` (`organization_id`,`id`);--> statement-breakpoint
CREATE INDEX `metrics_by_name` ON `metrics` (`organization_id`,`metric`,`id`);--> statement-breakpoint
CREATE INDEX `metrics_by_age` ON `metrics` (`at`);--> statement-breakpoint
CREATE TABLE `plan_days` (
	`organization_id` text NOT NULL,
	`edge` text NOT NULL,
	`bucket` text NOT NULL,
	`plans` integer NOT NULL,
	`green` integer NOT NULL,
	`amber` integer NOT NULL,
	`red` integer NOT NULL,
	PRIMARY KEY(`organization_id`, `edge`, `bucket`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `service_days` (
	`organization_id` text NOT NULL,
	`date` text NOT NULL,
	`services` integer NOT NULL,
	`spent_cents` integer NOT NULL,
	PRIMARY KEY(`organization_id`, `date`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `webhook_messages` (
	`source` text NOT NULL,
	`message_id` text NOT NULL,
	`type` text NOT NULL,
	`subject` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`source`, `message_id`),
	CONSTRAINT "webhook_source" CHECK("webhook_messages"."source" IN ('resend', 'clerk'))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `webhook_messages_deleted` ON `webhook_messages` (`subject`) WHERE type = 'user.deleted';--> statement-breakpoint
CREATE INDEX `webhook_messages_by_age` ON `webhook_messages` (`at`) WHERE type <> 'user.deleted';--> statement-breakpoint
ALTER TABLE `alerts` ADD `is_counted` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `alerts_standing_by_participant` ON `alerts` (`participant_id`) WHERE cleared_at IS NULL;--> statement-breakpoint
ALTER TABLE `budgets` ADD `colour` text GENERATED ALWAYS AS (CASE WHEN allocated_cents = 0 THEN iif(spent_cents > 0, 'red', 'green') WHEN spent_cents * 100 > allocated_cents * 90 THEN 'red' WHEN spent_cents * 100 > allocated_cents * 75 THEN 'amber' ELSE 'green' END) VIRTUAL;--> statement-breakpoint
ALTER TABLE `job_runs` ADD `position` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `organizations` ADD `inactive_count` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `organizations` ADD `open_alerts` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `organizations` ADD `compliance_scored` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `organizations` ADD `compliance_points` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `organizations` ADD `compliance_hard_fails` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `plans` ADD `counted_start` text;--> statement-breakpoint
ALTER TABLE `plans` ADD `counted_end` text;--> statement-breakpoint
ALTER TABLE `plans` ADD `counted_green` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `plans` ADD `counted_amber` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `plans` ADD `counted_red` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `services` ADD `noted_at` integer;--> statement-breakpoint
ALTER TABLE `services` ADD `change_id` text;--> statement-breakpoint
ALTER TABLE `users` ADD `screening` text;--> statement-breakpoint
ALTER TABLE `users` ADD `sign_in_updated_at` integer;--> statement-breakpoint
CREATE INDEX `imports_running` ON `imports` (`organization_id`) WHERE status IN ('queued', 'running');