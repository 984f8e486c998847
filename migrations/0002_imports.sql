CREATE TABLE `import_chunks` (
	`import_id` text NOT NULL,
	`number` integer NOT NULL,
	`organization_id` text NOT NULL,
	`first_row` integer NOT NULL,
	`byte_start` integer NOT NULL,
	`byte_end` integer NOT NULL,
	PRIMARY KEY(`import_id`, `number`),
	FOREIGN KEY (`import_id`) REFERENCES `imports`(`id`) ON UPDATE no action ON DELETE no action
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `import_drafts` (
	`import_id` text NOT NULL,
	`key` text NOT NULL,
	`organization_id` text NOT NULL,
	`value` text NOT NULL,
	PRIMARY KEY(`import_id`, `key`),
	FOREIGN KEY (`import_id`) REFERENCES `imports`(`id`) ON UPDATE no action ON DELETE no action
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `import_mappings` (
	`organization_id` text NOT NULL,
	`kind` text NOT NULL,
	`columns_key` text NOT NULL,
	`mapping` text NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`organization_id`, `kind`, `columns_key`),
	FOREIGN KEY (`organization_id`) REFERENCES `organizations`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "import_mapping_kept_json" CHECK(json_valid("import_mappings"."mapping"))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `import_rows` (
	`import_id` text NOT NULL,
	`row` integer NOT NULL,
	`organization_id` text NOT NULL,
	`status` text NOT NULL,
	`action` text,
	`entity_id` text,
	`errors` text,
	`warnings` text,
	`cells` text,
	PRIMARY KEY(`import_id`, `row`),
	FOREIGN KEY (`import_id`) REFERENCES `imports`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "import_row_status" CHECK("import_rows"."status" IN ('succeeded', 'failed')),
	CONSTRAINT "import_row_action" CHECK("import_rows"."action" IN ('created', 'updated', 'unchanged'))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `import_rows_failed` ON `import_rows` (`import_id`,`row`) WHERE status = 'failed';--> statement-breakpoint
CREATE INDEX `import_rows_services` ON `import_rows` (`import_id`,`entity_id`) WHERE entity_id >= 'svc_' AND entity_id < 'svd';--> statement-breakpoint
CREATE TABLE `imports` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`kind` text NOT NULL,
	`file_name` text NOT NULL,
	`status` text DEFAULT 'queued' NOT NULL,
	`dry_run` integer NOT NULL,
	`mapping` text,
	`object_key` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`sha256` text NOT NULL,
	`reading` text,
	`next_chunk` integer DEFAULT 0 NOT NULL,
	`next_record` integer DEFAULT 0 NOT NULL,
	`change_id` text,
	`total_rows` integer,
	`processed_rows` integer DEFAULT 0 NOT NULL,
	`created` integer DEFAULT 0 NOT NULL,
	`updated` integer DEFAULT 0 NOT NULL,
	`unchanged` integer DEFAULT 0 NOT NULL,
	`failed` integer DEFAULT 0 NOT NULL,
	`warnings` integer DEFAULT 0 NOT NULL,
	`failure` text,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`finished_at` integer,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`organization_id`) REFERENCES `organizations`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "import_kind" CHECK("imports"."kind" IN ('participants', 'services', 'support_catalogue')),
	CONSTRAINT "import_status" CHECK("imports"."status" IN ('queued', 'running', 'completed', 'completed_with_errors', 'failed', 'cancelled')),
	CONSTRAINT "import_mapping_json" CHECK("imports"."mapping" IS NULL OR json_valid("imports"."mapping")),
	CONSTRAINT "import_reading_json" CHECK("imports"."reading" IS NULL OR json_valid("imports"."reading")),
	CONSTRAINT "import_failure_json" CHECK("imports"."failure" IS NULL OR json_valid("imports"."failure"))
) STRICT;
--> statement-breakpoint
CREATE INDEX `imports_by_creation` ON `imports` (`organization_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `imports_unfinished` ON `imports` (`updated_at`) WHERE status IN ('queued', 'running');--> statement-breakpoint
CREATE TABLE `own_items` (
	`organization_id` text NOT NULL,
	`code` text NOT NULL,
	`start_date` text NOT NULL,
	`end_date` text,
	`name` text NOT NULL,
	`category_code` integer NOT NULL,
	`unit` text NOT NULL,
	`national_cents` integer,
	`remote_cents` integer,
	`very_remote_cents` integer,
	PRIMARY KEY(`organization_id`, `code`, `start_date`),
	FOREIGN KEY (`organization_id`) REFERENCES `organizations`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "own_item_unit" CHECK("own_items"."unit" IN ('H', 'E', 'D', 'WK', 'MON', 'YR')),
	CONSTRAINT "own_item_category" CHECK("own_items"."category_code" BETWEEN 1 AND 21)
) STRICT, WITHOUT ROWID;
