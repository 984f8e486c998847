CREATE TABLE `audit_logs` (
	`organization_id` text NOT NULL,
	`seq` integer NOT NULL,
	`at` integer NOT NULL,
	`action` text NOT NULL,
	`entity_type` text NOT NULL,
	`entity_id` text NOT NULL,
	`user_id` text,
	`actor` text NOT NULL,
	`ip` text,
	`user_agent` text,
	`request_id` text NOT NULL,
	`change_id` text NOT NULL,
	`before` text,
	`after` text,
	`metadata` text,
	PRIMARY KEY(`organization_id`, `seq`),
	CONSTRAINT "audit_before_json" CHECK("audit_logs"."before" IS NULL OR json_valid("audit_logs"."before")),
	CONSTRAINT "audit_after_json" CHECK("audit_logs"."after" IS NULL OR json_valid("audit_logs"."after")),
	CONSTRAINT "audit_metadata_json" CHECK("audit_logs"."metadata" IS NULL OR json_valid("audit_logs"."metadata"))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `audit_logs_by_entity` ON `audit_logs` (`organization_id`,`entity_id`,`seq`);--> statement-breakpoint
CREATE INDEX `audit_logs_by_type` ON `audit_logs` (`organization_id`,`entity_type`,`seq`);--> statement-breakpoint
CREATE INDEX `audit_logs_by_user` ON `audit_logs` (`organization_id`,`user_id`,`seq`);--> statement-breakpoint
CREATE INDEX `audit_logs_by_time` ON `audit_logs` (`organization_id`,`at`);--> statement-breakpoint
CREATE TABLE `budgets` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`participant_id` text NOT NULL,
	`plan_id` text NOT NULL,
	`number` integer NOT NULL,
	`category_code` integer NOT NULL,
	`support_item_code` text,
	`management_type` text NOT NULL,
	`flexible` integer NOT NULL,
	`pool_id` text NOT NULL,
	`allocated_cents` integer NOT NULL,
	`spent_cents` integer DEFAULT 0 NOT NULL,
	`revision` integer DEFAULT 1 NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`plan_id`) REFERENCES `plans`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "budget_category_code" CHECK("budgets"."category_code" BETWEEN 1 AND 21),
	CONSTRAINT "budget_management_type" CHECK("budgets"."management_type" IN ('self_managed', 'plan_managed', 'ndia_managed')),
	CONSTRAINT "budget_flexible" CHECK("budgets"."flexible" IN (0, 1)),
	CONSTRAINT "budget_pool" CHECK("budgets"."pool_id" = CASE "budgets"."flexible" WHEN 1 THEN "budgets"."plan_id" || '/' || "budgets"."management_type" ELSE "budgets"."id" END),
	CONSTRAINT "budget_allocated" CHECK("budgets"."allocated_cents" >= 0),
	CONSTRAINT "budget_spent" CHECK("budgets"."spent_cents" >= 0)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `budgets_by_plan` ON `budgets` (`plan_id`,`number`);--> statement-breakpoint
CREATE INDEX `budgets_by_participant` ON `budgets` (`participant_id`);--> statement-breakpoint
CREATE TABLE `catalogue_listings` (
	`catalogue_start` text NOT NULL,
	`code` text NOT NULL,
	PRIMARY KEY(`catalogue_start`, `code`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `catalogues` (
	`start_date` text PRIMARY KEY NOT NULL,
	`loaded_at` integer NOT NULL
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `funding_periods` (
	`budget_id` text NOT NULL,
	`start_date` text NOT NULL,
	`end_date` text NOT NULL,
	`organization_id` text NOT NULL,
	`amount_cents` integer NOT NULL,
	PRIMARY KEY(`budget_id`, `start_date`),
	FOREIGN KEY (`budget_id`) REFERENCES `budgets`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "funding_period_dates" CHECK("funding_periods"."start_date" <= "funding_periods"."end_date"),
	CONSTRAINT "funding_period_amount" CHECK("funding_periods"."amount_cents" >= 0)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `idempotency_keys` (
	`organization_id` text NOT NULL,
	`key` text NOT NULL,
	`user_id` text NOT NULL,
	`route` text NOT NULL,
	`fingerprint` text NOT NULL,
	`status` integer NOT NULL,
	`headers` text NOT NULL,
	`body` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`organization_id`, `key`),
	CONSTRAINT "idempotency_key_status" CHECK("idempotency_keys"."status" BETWEEN 200 AND 299)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `idempotency_keys_by_creation` ON `idempotency_keys` (`created_at`);--> statement-breakpoint
CREATE TABLE `ledger_entries` (
	`participant_id` text NOT NULL,
	`version` integer NOT NULL,
	`number` integer NOT NULL,
	`organization_id` text NOT NULL,
	`budget_id` text NOT NULL,
	`kind` text NOT NULL,
	`allocated_delta_cents` integer NOT NULL,
	`spent_delta_cents` integer NOT NULL,
	`effective_on` text,
	`service_id` text,
	`actor_id` text,
	`at` integer NOT NULL,
	PRIMARY KEY(`participant_id`, `version`, `number`),
	FOREIGN KEY (`participant_id`) REFERENCES `participants`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`budget_id`) REFERENCES `budgets`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "ledger_entry_kind" CHECK("ledger_entries"."kind" IN ('service.recorded', 'service.cancelled', 'budget.created', 'budget.adjusted', 'plan.changed', 'opening')),
	CONSTRAINT "ledger_entry_effective_on" CHECK(("ledger_entries"."kind" = 'opening') = ("ledger_entries"."effective_on" IS NOT NULL))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `ledger_entries_budget` ON `ledger_entries` (`budget_id`,`version`,`number`);--> statement-breakpoint
CREATE TABLE `live_tickets` (
	`ticket_hash` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`user_id` text NOT NULL,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `live_tickets_by_expiry` ON `live_tickets` (`expires_at`);--> statement-breakpoint
CREATE INDEX `live_tickets_by_user` ON `live_tickets` (`user_id`);--> statement-breakpoint
CREATE TABLE `organizations` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`abn` text,
	`registration_number` text,
	`time_zone` text NOT NULL,
	`currency` text DEFAULT 'AUD' NOT NULL,
	`date_format` text DEFAULT 'DD/MM/YYYY' NOT NULL,
	`business_hours` text NOT NULL,
	`claim_duration` text DEFAULT 'hours' NOT NULL,
	`subscription_plan` text NOT NULL,
	`subscription_status` text NOT NULL,
	`current_period_end` integer,
	`participant_limit` integer,
	`participant_count` integer DEFAULT 0 NOT NULL,
	`features` text DEFAULT '[]' NOT NULL,
	`contacts` text DEFAULT '[]' NOT NULL,
	`revision` integer DEFAULT 1 NOT NULL,
	`change_id` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "organization_business_hours_json" CHECK(json_valid("organizations"."business_hours")),
	CONSTRAINT "organization_features_json" CHECK(json_valid("organizations"."features")),
	CONSTRAINT "organization_contacts_json" CHECK(json_valid("organizations"."contacts")),
	CONSTRAINT "organization_subscription_plan" CHECK("organizations"."subscription_plan" IN ('free', 'pro', 'enterprise')),
	CONSTRAINT "organization_subscription_status" CHECK("organizations"."subscription_status" IN ('active', 'past_due', 'cancelled')),
	CONSTRAINT "organization_claim_duration" CHECK("organizations"."claim_duration" IN ('hours', 'quantity')),
	CONSTRAINT "organization_participant_count" CHECK("organizations"."participant_count" >= 0)
) STRICT;
--> statement-breakpoint
CREATE TABLE `participant_words` (
	`organization_id` text NOT NULL,
	`word` text NOT NULL,
	`participant_id` text NOT NULL,
	PRIMARY KEY(`organization_id`, `word`, `participant_id`),
	FOREIGN KEY (`participant_id`) REFERENCES `participants`(`id`) ON UPDATE no action ON DELETE no action
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `participant_words_participant` ON `participant_words` (`participant_id`,`word`);--> statement-breakpoint
CREATE TABLE `participants` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`ndis_number` text NOT NULL,
	`first_name` text NOT NULL,
	`last_name` text NOT NULL,
	`preferred_name` text,
	`date_of_birth` text NOT NULL,
	`gender` text,
	`contact` text NOT NULL,
	`address` text,
	`emergency` text DEFAULT '[]' NOT NULL,
	`medical` text NOT NULL,
	`preferences` text NOT NULL,
	`tags` text DEFAULT '[]' NOT NULL,
	`custom_fields` text DEFAULT '{}' NOT NULL,
	`pricing_zone` text DEFAULT 'national' NOT NULL,
	`status` text DEFAULT 'active' NOT NULL,
	`name_key` text NOT NULL,
	`plan_end_key` text DEFAULT '9999-12-31' NOT NULL,
	`compliance_score` integer,
	`ledger_version` integer DEFAULT 0 NOT NULL,
	`ledger_change_id` text,
	`revision` integer DEFAULT 1 NOT NULL,
	`change_id` text,
	`created_by` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`archived_at` integer,
	`archived_by` text,
	`archive_reason` text,
	FOREIGN KEY (`organization_id`) REFERENCES `organizations`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "participant_ndis_number" CHECK("participants"."ndis_number" GLOB '43[0-9][0-9][0-9][0-9][0-9][0-9][0-9]'),
	CONSTRAINT "participant_status" CHECK("participants"."status" IN ('active', 'inactive', 'archived')),
	CONSTRAINT "participant_pricing_zone" CHECK("participants"."pricing_zone" IN ('national', 'remote', 'very_remote')),
	CONSTRAINT "participant_contact_json" CHECK(json_valid("participants"."contact")),
	CONSTRAINT "participant_address_json" CHECK("participants"."address" IS NULL OR json_valid("participants"."address")),
	CONSTRAINT "participant_emergency_json" CHECK(json_valid("participants"."emergency")),
	CONSTRAINT "participant_medical_json" CHECK(json_valid("participants"."medical")),
	CONSTRAINT "participant_preferences_json" CHECK(json_valid("participants"."preferences")),
	CONSTRAINT "participant_tags_json" CHECK(json_valid("participants"."tags")),
	CONSTRAINT "participant_custom_fields_json" CHECK(json_valid("participants"."custom_fields")),
	CONSTRAINT "participant_ledger_version" CHECK("participants"."ledger_version" >= 0)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `participants_ndis_number` ON `participants` (`organization_id`,`ndis_number`);--> statement-breakpoint
CREATE INDEX `participants_by_name` ON `participants` (`organization_id`,`status`,`name_key`,`id`);--> statement-breakpoint
CREATE INDEX `participants_by_creation` ON `participants` (`organization_id`,`status`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `participants_by_plan_end` ON `participants` (`organization_id`,`status`,`plan_end_key`,`id`);--> statement-breakpoint
CREATE TABLE `plans` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`participant_id` text NOT NULL,
	`plan_number` text,
	`start_date` text NOT NULL,
	`end_date` text NOT NULL,
	`review_date` text,
	`plan_manager` text,
	`support_coordinator_id` text,
	`goals` text DEFAULT '[]' NOT NULL,
	`system` text DEFAULT 'pace' NOT NULL,
	`management_type` text NOT NULL,
	`dates_history` text DEFAULT '[]' NOT NULL,
	`allocated_cents` integer DEFAULT 0 NOT NULL,
	`spent_cents` integer DEFAULT 0 NOT NULL,
	`revision` integer DEFAULT 1 NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`participant_id`) REFERENCES `participants`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`support_coordinator_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "plan_dates" CHECK("plans"."start_date" <= "plans"."end_date"),
	CONSTRAINT "plan_system" CHECK("plans"."system" IN ('pace', 'legacy')),
	CONSTRAINT "plan_management_type" CHECK("plans"."management_type" IN ('self_managed', 'plan_managed', 'ndia_managed')),
	CONSTRAINT "plan_goals_json" CHECK(json_valid("plans"."goals")),
	CONSTRAINT "plan_dates_history_json" CHECK(json_valid("plans"."dates_history")),
	CONSTRAINT "plan_totals" CHECK("plans"."allocated_cents" >= 0 AND "plans"."spent_cents" >= 0)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `plans_by_participant` ON `plans` (`participant_id`,`start_date`);--> statement-breakpoint
CREATE INDEX `plans_support_coordinator` ON `plans` (`support_coordinator_id`);--> statement-breakpoint
CREATE TABLE `pool_boundaries` (
	`pool_id` text NOT NULL,
	`ends_on` text NOT NULL,
	`organization_id` text NOT NULL,
	`participant_id` text NOT NULL,
	`plan_id` text NOT NULL,
	`released_cents` integer NOT NULL,
	`spent_cents` integer NOT NULL,
	PRIMARY KEY(`pool_id`, `ends_on`),
	FOREIGN KEY (`participant_id`) REFERENCES `participants`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "budget_available" CHECK("pool_boundaries"."spent_cents" <= "pool_boundaries"."released_cents"),
	CONSTRAINT "boundary_spent" CHECK("pool_boundaries"."spent_cents" >= 0)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `pool_boundaries_participant` ON `pool_boundaries` (`participant_id`);--> statement-breakpoint
CREATE TABLE `services` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`participant_id` text NOT NULL,
	`plan_id` text NOT NULL,
	`budget_id` text NOT NULL,
	`support_item_code` text NOT NULL,
	`support_item_name` text NOT NULL,
	`unit` text NOT NULL,
	`service_date` text NOT NULL,
	`start_time` text,
	`end_time` text,
	`duration_minutes` integer,
	`quantity_hundredths` integer,
	`unit_price_cents` integer NOT NULL,
	`total_cost_cents` integer NOT NULL,
	`status` text DEFAULT 'completed' NOT NULL,
	`support_worker_id` text NOT NULL,
	`notes` text DEFAULT '' NOT NULL,
	`possible_duplicate_of` text,
	`ledger_version` integer NOT NULL,
	`revision` integer DEFAULT 1 NOT NULL,
	`created_at` integer NOT NULL,
	`cancelled_at` integer,
	`cancelled_by` text,
	`cancel_reason` text,
	FOREIGN KEY (`participant_id`) REFERENCES `participants`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`budget_id`) REFERENCES `budgets`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`support_worker_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "service_status" CHECK("services"."status" IN ('completed', 'cancelled')),
	CONSTRAINT "service_unit_price" CHECK("services"."unit_price_cents" >= 0),
	CONSTRAINT "service_total_cost" CHECK("services"."total_cost_cents" >= 0),
	CONSTRAINT "service_duration" CHECK("services"."duration_minutes" > 0),
	CONSTRAINT "service_quantity" CHECK("services"."quantity_hundredths" > 0)
) STRICT;
--> statement-breakpoint
CREATE INDEX `services_by_participant` ON `services` (`participant_id`,`service_date`,`support_item_code`,`start_time`,`support_worker_id`);--> statement-breakpoint
CREATE INDEX `services_by_organization` ON `services` (`organization_id`,`service_date`,`id`);--> statement-breakpoint
CREATE INDEX `services_by_worker` ON `services` (`support_worker_id`,`service_date`,`id`);--> statement-breakpoint
CREATE INDEX `services_by_budget` ON `services` (`budget_id`,`service_date`);--> statement-breakpoint
CREATE INDEX `services_cancelled` ON `services` (`organization_id`,`service_date`,`id`) WHERE status = 'cancelled';--> statement-breakpoint
CREATE TABLE `support_item_words` (
	`word` text NOT NULL,
	`code` text NOT NULL,
	PRIMARY KEY(`word`, `code`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `support_items` (
	`code` text NOT NULL,
	`start_date` text NOT NULL,
	`listed_end_date` text,
	`end_date` text,
	`name` text NOT NULL,
	`registration_group` text NOT NULL,
	`category_code` integer NOT NULL,
	`pace_category_code` integer NOT NULL,
	`unit` text NOT NULL,
	`quotable` integer NOT NULL,
	`national_cents` integer,
	`remote_cents` integer,
	`very_remote_cents` integer,
	`non_face_to_face` integer,
	`provider_travel` integer,
	`short_notice_cancellation` integer,
	`ndia_requested_reports` integer,
	`irregular_sil` integer,
	PRIMARY KEY(`code`, `start_date`),
	CONSTRAINT "support_item_unit" CHECK("support_items"."unit" IN ('H', 'E', 'D', 'WK', 'MON', 'YR')),
	CONSTRAINT "support_item_category" CHECK("support_items"."category_code" BETWEEN 1 AND 21 AND "support_items"."pace_category_code" BETWEEN 1 AND 21)
) STRICT;
--> statement-breakpoint
CREATE INDEX `support_items_category` ON `support_items` (`category_code`,`code`);--> statement-breakpoint
CREATE INDEX `support_items_pace_category` ON `support_items` (`pace_category_code`,`code`);--> statement-breakpoint
CREATE TABLE `users` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`external_id` text,
	`email` text NOT NULL,
	`email_key` text NOT NULL,
	`first_name` text NOT NULL,
	`last_name` text NOT NULL,
	`phone` text,
	`role` text NOT NULL,
	`permissions` text DEFAULT '[]' NOT NULL,
	`preferences` text NOT NULL,
	`status` text DEFAULT 'active' NOT NULL,
	`last_active_at` integer,
	`revision` integer DEFAULT 1 NOT NULL,
	`change_id` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`organization_id`) REFERENCES `organizations`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "user_role" CHECK("users"."role" IN ('admin', 'coordinator', 'support_worker', 'finance', 'viewer')),
	CONSTRAINT "user_status" CHECK("users"."status" IN ('active', 'inactive', 'suspended')),
	CONSTRAINT "user_permissions_json" CHECK(json_valid("users"."permissions")),
	CONSTRAINT "user_preferences_json" CHECK(json_valid("users"."preferences"))
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `users_external_id` ON `users` (`external_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `users_email_key` ON `users` (`email_key`);--> statement-breakpoint
CREATE INDEX `users_organization` ON `users` (`organization_id`,`id`);